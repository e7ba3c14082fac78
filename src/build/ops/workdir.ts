import { resolveUser } from '../../runtime/mod.ts'
import { UpperWriter } from '../copy/upper-writer.ts'
import type { Op } from '../solver/mod.ts'
import { chainOf, EMPTY, type StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import type { OpTools } from './tools.ts'

/** WORKDIR: the directory is made when absent, with missing parents, 0755, owned by USER; one that exists is left as it is. */
export function workdirOp(tools: OpTools, { path, user }: { readonly path: string; readonly user: string }): Op<StepResult> {
  return {
    cacheable: true,
    definition: () => [
      ['workdir', path],
      ['user', user],
      ['clamp', String(tools.clampTo ?? '')],
    ],
    content: async ([parent]) => [['parent', chainOf(parent)]],
    async run([parent = EMPTY], { signal }) {
      return makeLayer(tools, parent, signal, async ({ staging, view }) => {
        const owner = user === '' ? { uid: 0, gid: 0 } : resolveUser(view, user)
        const writer = new UpperWriter(staging.upper, view)
        writer.ensureDirectory(path, { mode: 0o755, owner })
        writer.finish()
      })
    },
  }
}
