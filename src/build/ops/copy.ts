import { parseChmod, parseChown, type Ownership } from '../../dockerfile/mod.ts'
import { resolveUser } from '../../runtime/mod.ts'
import type { View } from '../../store/mod.ts'
import { copyFiles } from '../copy/copy-files.ts'
import { digestSources } from '../copy/digest-sources.ts'
import { selectSources } from '../copy/select-sources.ts'
import { viewTree, type SourceTree } from '../copy/source-tree.ts'
import { unpackArchive } from '../copy/unpack-archive.ts'
import { UpperWriter, type Owner } from '../copy/upper-writer.ts'
import type { Ingredient, Op } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import { chainOf, type OpTools } from './tools.ts'

export interface CopyStep {
  /** ADD unpacks local archives. */
  readonly unpacks: boolean
  readonly sources: readonly string[]
  readonly inline: readonly { readonly name: string; readonly content: string }[]
  /** Absolute; ends in `/` for a directory. */
  readonly destination: string
  readonly chown: string | undefined
  readonly chmod: string | undefined
  readonly excludes: readonly string[]
  /** From another stage or image, the vertex's second input, instead of the context. */
  readonly fromInput: boolean
}

/** COPY and ADD of local files. */
export function copyOp(tools: OpTools, step: CopyStep): Op<StepResult> {
  const chmod = step.chmod === undefined ? undefined : parseChmod(step.chmod)
  const chown = step.chown === undefined ? undefined : parseChown(step.chown)
  const sourceOf = async (source: StepResult | undefined): Promise<SourceTree> =>
    source === undefined ? tools.context : viewTree(await tools.store.layers.view(source.diffIds, tools.lease))
  const description: Ingredient[] = [['copy', JSON.stringify({ ...step, chown: step.chown ?? null, chmod: step.chmod ?? null })]]

  return {
    cacheable: true,
    async definition() {
      if (step.fromInput || step.sources.length === 0) return description
      const selected = selectSources(tools.context, step.sources)
      return [...description, ['files', await digestSources(tools.context, selected, tools.digests)]]
    },
    async content([parent, source]) {
      const content: Ingredient[] = [['parent', chainOf(parent?.diffIds ?? [])]]
      if (!step.fromInput || source === undefined) return content
      const tree = await sourceOf(source)
      return [...content, ['files', await digestSources(tree, selectSources(tree, step.sources))]]
    },
    async run([parent, source], { signal }) {
      if (parent === undefined) throw new Error('A copy needs a parent')
      const tree = await sourceOf(source)
      return makeLayer(tools, parent, signal, async (staging, view) => {
        const writer = new UpperWriter(staging.upper, view)
        const owner = chown === undefined ? undefined : ownerOf(view, chown)
        await copyFiles(writer, {
          tree,
          sources: selectSources(tree, step.sources),
          inline: step.inline,
          destination: step.destination,
          owner,
          chmod,
          excludes: step.excludes,
          unpack: step.unpacks ? (node, destination) => unpackArchive(writer, node, { destination, owner, signal }) : undefined,
        })
      })
    },
  }
}

/** Names by the passwd and group of the image that is written to. */
function ownerOf(view: View, { user, group }: Ownership): Owner {
  const text = (principal: Ownership['user']): string => (principal.kind === 'id' ? String(principal.id) : principal.name)
  const resolved = resolveUser(view, group === undefined ? text(user) : `${text(user)}:${text(group)}`)
  return { uid: resolved.uid, gid: resolved.gid }
}
