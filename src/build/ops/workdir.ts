import { resolveUser } from '../../runtime/mod.ts'
import { UpperWriter } from '../copy/upper-writer.ts'
import type { Op } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import { chainOf, type OpTools } from './tools.ts'

/** WORKDIR: the directory is made when absent, 0755, owned by USER; one that exists is left as it is. */
export function workdirOp(tools: OpTools, { path, user }: { readonly path: string; readonly user: string }): Op<StepResult> {
  return {
    cacheable: true,
    definition: () => [
      ['workdir', path],
      ['user', user],
    ],
    content: async ([parent]) => [['parent', chainOf(parent?.diffIds ?? [])]],
    async run([parent], { signal }) {
      if (parent === undefined) throw new Error('WORKDIR needs a parent')
      return makeLayer(tools, parent, signal, async (staging, view) => {
        const owner = user === '' ? { uid: 0, gid: 0 } : resolveUser(view, user)
        const writer = new UpperWriter(staging.upper, view)
        writer.ensureDirectory(path, { mode: 0o755, owner })
        writer.finish()
      })
    },
  }
}
