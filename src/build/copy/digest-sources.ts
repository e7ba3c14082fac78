import { createHash } from 'node:crypto'
import type { PathFilter } from '../../dockerfile/mod.ts'
import type { FileDigests } from '../context/file-digests.ts'
import type { SelectedSource } from './select-sources.ts'
import { baseName, type FileIdentity, type SourceNode, type SourceTree } from './source-tree.ts'

export interface DigestOptions {
  /** A tree whose files all look the same to stat as before is not read. */
  readonly cache?: Pick<FileDigests, 'find' | 'remember'> | undefined
  /** --exclude: paths relative to each source. */
  readonly excludes?: PathFilter | undefined
  readonly signal?: AbortSignal | undefined
}

interface Named {
  readonly name: string
  readonly node: SourceNode
}

/**
 * A digest of all that COPY would copy: path, type, mode, owner, size, link target, attributes, content; never a modification time.
 * Of a source that is a directory only what is in it counts, as only that is copied; of any other its last name.
 */
export async function digestSources(tree: SourceTree, sources: readonly SelectedSource[], options: DigestOptions = {}): Promise<string> {
  const nodes = sources.flatMap((source) => nodesOf(tree, source, options.excludes))
  const identity = options.cache === undefined ? undefined : identityOf(tree, nodes)
  const known = identity === undefined ? undefined : options.cache?.find(identity)
  if (known !== undefined) return known

  const hash = createHash('sha256')
  for (const { name, node } of nodes) {
    options.signal?.throwIfAborted()
    hash.update(describe(name, node))
    for (const [key, value] of node.type === 'symlink' ? [] : tree.xattrs(node)) hash.update(`${key} ${value.length} `).update(value)
    if (node.type === 'file') hash.update(await tree.contentDigest(node))
  }
  const digest = hash.digest('hex')
  if (identity !== undefined) options.cache?.remember(identity, digest)
  return digest
}

function nodesOf(tree: SourceTree, { name, node }: SelectedSource, excludes: PathFilter | undefined): Named[] {
  if (node.type !== 'directory') return [{ name: baseName(name), node }]
  const nodes: Named[] = [{ name: '', node: { ...node, mode: 0, uid: 0, gid: 0 } }]
  const walk = (directory: SourceNode, prefix: string): void => {
    for (const child of tree.list(directory)) {
      const path = prefix + baseName(child.path)
      if (excludes?.ignores(path) === true) continue
      nodes.push({ name: path, node: child })
      if (child.type === 'directory') walk(child, `${path}/`)
    }
  }
  walk(node, '')
  return nodes
}

/** One digest of what stat says of all files together. */
function identityOf(tree: SourceTree, nodes: readonly Named[]): FileIdentity | undefined {
  const hash = createHash('sha256')
  let text = ''
  let changedNs = 0n
  for (const { name, node } of nodes) {
    text += describe(name, node)
    if (node.type === 'file') {
      const identity = tree.identity(node)
      if (identity === undefined) return undefined
      text += identity.text
      if (identity.changedNs > changedNs) changedNs = identity.changedNs
    }
    if (text.length > 65_536) {
      hash.update(text)
      text = ''
    }
  }
  return { text: `tree:${hash.update(text).digest('hex')}`, changedNs }
}

/** JSON escapes lone surrogates, which stand for bytes that are no UTF-8: so they stay distinct. */
function describe(name: string, node: SourceNode): string {
  return `\n${JSON.stringify([name, node.type, node.mode, node.uid, node.gid, node.size, node.target])}`
}
