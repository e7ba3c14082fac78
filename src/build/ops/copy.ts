import { parseChmod, parseChown, pathFilter, type Ownership } from '../../dockerfile/mod.ts'
import { resolveUser } from '../../runtime/mod.ts'
import type { View } from '../../store/mod.ts'
import { copyFiles, sourceChanged } from '../copy/copy-files.ts'
import { digestSources } from '../copy/digest-sources.ts'
import { selectSources } from '../copy/select-sources.ts'
import { viewTree, type SourceTree } from '../copy/source-tree.ts'
import { unpackArchive } from '../copy/unpack-archive.ts'
import { UpperWriter, type Owner } from '../copy/upper-writer.ts'
import type { Ingredient, Op, OpContext } from '../solver/mod.ts'
import { chainOf, EMPTY, type StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import type { OpTools } from './tools.ts'

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
  /** Of the stage or image that is the last input; undefined: the context. */
  readonly from: string | undefined
  /** --link: on nothing at all; then there is no parent among the inputs. */
  readonly link: boolean
}

/** COPY and ADD of local files. Inputs: the parent unless `link`, then what is copied from unless that is the context. */
export function copyOp(tools: OpTools, step: CopyStep): Op<StepResult> {
  const chmod = step.chmod === undefined ? undefined : parseChmod(step.chmod)
  const chown = step.chown === undefined ? undefined : parseChown(step.chown)
  const excludes = pathFilter(step.excludes)
  const description: readonly Ingredient[] = [
    ['copy', JSON.stringify([step.sources, step.inline, step.destination])],
    ['options', JSON.stringify([step.unpacks, step.chown ?? null, step.chmod ?? null, step.excludes, step.from !== undefined, step.link])],
    ['clamp', String(tools.clampTo ?? '')],
  ]
  const split = (inputs: readonly StepResult[]): { parent: StepResult; source: StepResult | undefined } => ({
    parent: (step.link ? undefined : inputs[0]) ?? EMPTY,
    source: step.from === undefined ? undefined : inputs.at(-1),
  })
  const treeOf = async (source: StepResult | undefined, signal: AbortSignal): Promise<SourceTree> => {
    if (source === undefined) return tools.context
    const diffIds = await tools.unpacked(source, signal)
    return viewTree(await tools.store.layers.view(diffIds, await tools.lease()), step.from ?? '')
  }
  const digest = (tree: SourceTree, { signal }: OpContext): Promise<string> => {
    const cache = tree === tools.context ? tools.digests : undefined
    return digestSources(tree, selectSources(tree, step.sources), { cache, excludes, signal })
  }
  let contextDigest: string | undefined

  return {
    cacheable: true,
    async definition(context) {
      if (step.from !== undefined || step.sources.length === 0) return description
      contextDigest = await digest(tools.context, context)
      return [...description, ['files', contextDigest]]
    },
    async content(inputs, context) {
      const { parent, source } = split(inputs)
      const content: Ingredient[] = [['parent', chainOf(parent)]]
      return source === undefined ? content : [...content, ['files', await digest(await treeOf(source, context.signal), context)]]
    },
    async run(inputs, context) {
      const { signal } = context
      const { parent, source } = split(inputs)
      const tree = await treeOf(source, signal)
      return makeLayer(tools, parent, signal, async ({ staging, view }) => {
        const writer = new UpperWriter(staging.upper, view)
        const owner = chown === undefined ? undefined : ownerOf(view, chown)
        const made = { mode: chmod?.(0o755, true) ?? 0o755, owner: owner ?? { uid: 0, gid: 0 } }
        const { destination } = step
        await copyFiles(writer, {
          tree,
          sources: selectSources(tree, step.sources),
          inline: step.inline,
          destination,
          owner,
          chmod,
          excludes,
          unpack: step.unpacks ? (node) => unpackArchive(writer, node, { destination, owner, made, signal }) : undefined,
          signal,
        })
        // The key was made of what was there before: other files must not be kept under it.
        if (contextDigest !== undefined && (await digest(tree, context)) !== contextDigest)
          throw sourceChanged(tree, step.sources.join(', '))
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
