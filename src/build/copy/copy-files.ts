import { pathFilter, type Chmod } from '../../dockerfile/mod.ts'
import type { SelectedSource } from './select-sources.ts'
import type { SourceNode, SourceTree } from './source-tree.ts'
import { nowNs, type FileAttributes, type Owner, type UpperWriter } from './upper-writer.ts'

export interface CopyRequest {
  readonly tree: SourceTree
  readonly sources: readonly SelectedSource[]
  /** Inline files: COPY <<NAME. */
  readonly inline: readonly { readonly name: string; readonly content: string }[]
  /** Absolute; ends in `/` when it names a directory. */
  readonly destination: string
  /** --chown, resolved in the image that is written. */
  readonly owner: Owner | undefined
  readonly chmod: Chmod | undefined
  readonly excludes: readonly string[]
  /** ADD: unpacks the file if it is an archive; true when it has. */
  readonly unpack?: ((node: SourceNode, destination: string) => Promise<boolean>) | undefined
}

/** COPY and ADD of files: a directory's contents, a file into a directory or under the destination's name. SPEC: Dockerfile reference, "COPY". */
export async function copyFiles(writer: UpperWriter, request: CopyRequest): Promise<void> {
  const { tree, sources, inline, destination, chmod } = request
  const owner = request.owner ?? { uid: 0, gid: 0 }
  const made = { mode: chmod === undefined ? 0o755 : chmod(0o755, true), owner }
  const filter = pathFilter(request.excludes)
  const linked = new Map<string, string>()

  const attributes = (node: SourceNode): FileAttributes => ({
    uid: request.owner?.uid ?? node.uid,
    gid: request.owner?.gid ?? node.gid,
    mode: chmod === undefined ? node.mode : chmod(node.mode, node.type === 'directory'),
    mtimeNs: node.mtimeNs,
    xattrs: node.type === 'symlink' ? undefined : tree.xattrs(node),
  })

  const copy = (node: SourceNode, to: string): void => {
    switch (node.type) {
      case 'file': {
        const first = node.links > 1 ? linked.get(node.identity) : undefined
        if (first !== undefined && writer.hardLink(first, to)) return
        writer.copyFile(node, to, attributes(node))
        if (node.links > 1) linked.set(node.identity, to)
        return
      }
      case 'symlink':
        return writer.symlink(to, node.target ?? '', attributes(node))
      case 'directory':
        writer.directory(to, attributes(node))
        return contents(node, to, node.path)
      case 'other':
        return // sockets and devices are no files to copy
    }
  }
  const contents = (directory: SourceNode, to: string, root: string): void => {
    for (const name of tree.readDirectory(directory.path)) {
      const child = tree.lookup(join(directory.path, name), { follow: false })
      if (child === undefined) continue
      const relative = child.path.slice(root === '/' ? 1 : root.length + 1)
      if (filter.ignores(relative)) continue
      // A directory that .dockerignore leaves out is made only for what a `!` brings back in it.
      if (child.type === 'directory' && tree.isLeftOut?.(child.path) === true) contents(child, join(to, name), root)
      else if (child.type === 'directory') {
        writer.directory(join(to, name), attributes(child))
        contents(child, join(to, name), root)
      } else copy(child, join(to, name))
    }
  }

  const isDirectory = destination.endsWith('/') || sources.length + inline.length > 1
  for (const { node, name } of sources) {
    if (node.type === 'directory') {
      const to = writer.ensureDirectory(destination, made)
      contents(node, to, node.path)
    } else {
      const into = isDirectory || writer.isDirectory(destination)
      if (request.unpack !== undefined && (await request.unpack(node, destination))) continue
      const parent = into ? destination : destination.slice(0, destination.lastIndexOf('/'))
      const real = writer.ensureDirectory(parent, made)
      copy(node, join(real, into ? name.slice(name.lastIndexOf('/') + 1) : destination.slice(destination.lastIndexOf('/') + 1)))
    }
  }
  for (const { name, content } of inline) {
    const into = isDirectory || writer.isDirectory(destination)
    const real = writer.ensureDirectory(into ? destination : destination.slice(0, destination.lastIndexOf('/')), made)
    const mode = chmod === undefined ? 0o644 : chmod(0o644, false)
    writer.writeFile(join(real, into ? name : destination.slice(destination.lastIndexOf('/') + 1)), content, {
      ...owner,
      mode,
      mtimeNs: nowNs(),
    })
  }
  writer.finish()
}

function join(directory: string, name: string): string {
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`
}
