import { createHash, type Hash } from 'node:crypto'
import type { FileDigests } from '../context/file-digests.ts'
import type { SelectedSource } from './select-sources.ts'
import type { SourceNode, SourceTree } from './source-tree.ts'

/**
 * A digest of all that COPY would copy: path, type, mode, owner, size, link target, attributes, content; never a modification time.
 * With `cache`, a tree whose files all look the same to stat as before is not read.
 */
export async function digestSources(tree: SourceTree, sources: readonly SelectedSource[], cache?: FileDigests): Promise<string> {
  const nodes: { readonly name: string; readonly node: SourceNode }[] = []
  const walk = (name: string, node: SourceNode): void => {
    nodes.push({ name, node })
    if (node.type !== 'directory') return
    for (const child of tree.readDirectory(node.path)) {
      const found = tree.lookup(node.path === '/' ? `/${child}` : `${node.path}/${child}`, { follow: false })
      if (found !== undefined) walk(`${name}/${child}`, found)
    }
  }
  for (const { name, node } of sources) walk(name, node)

  const described = createHash('sha256')
  let newestNs = 0n
  for (const { name, node } of nodes) {
    describe(described, name, node, tree)
    if (node.type !== 'file') continue
    described.update(node.identity)
    if (node.changedNs > newestNs) newestNs = node.changedNs
  }
  const identity = `tree:${described.digest('hex')}`
  const known = cache?.findTree(identity)
  if (known !== undefined) return known

  const hash = createHash('sha256')
  for (const { name, node } of nodes) {
    describe(hash, name, node, tree)
    if (node.type === 'file') hash.update(await tree.contentDigest(node))
  }
  const digest = hash.digest('hex')
  cache?.rememberTree(identity, newestNs, digest)
  return digest
}

function describe(hash: Hash, name: string, node: SourceNode, tree: SourceTree): void {
  const size = node.type === 'file' ? node.size : 0
  hash.update(`${JSON.stringify([name, node.type, node.mode, node.uid, node.gid, size, node.target ?? ''])}\n`)
  for (const [key, value] of node.type === 'symlink' ? [] : tree.xattrs(node)) hash.update(key).update(value)
}
