import { lstatSync } from 'node:fs'
import { fsPath } from '../../archive/mod.ts'
import type { Chmod, PathFilter } from '../../dockerfile/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { BuildError } from '../build-error.ts'
import type { SelectedSource } from './select-sources.ts'
import { baseName, childPath, parentOf, type SourceNode, type SourceTree } from './source-tree.ts'
import { deviceNumbers, nowNs, type FileAttributes, type Owner, type UpperWriter } from './upper-writer.ts'

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
  /** --exclude: relative to each source. */
  readonly excludes: PathFilter
  /** ADD: unpacks the file if it is an archive; true when it has. */
  readonly unpack?: ((node: SourceNode) => Promise<boolean>) | undefined
  readonly signal: AbortSignal
}

/**
 * COPY and ADD of files. SPEC: Dockerfile reference, "COPY"; where it is silent, as BuildKit does: a directory's contents are copied, never itself;
 * the named destination is followed through symlinks; existing directories keep their attributes; hard links within one copy are kept.
 * @throws BuildError COPY_CONFLICT, SOURCE_CHANGED
 */
export async function copyFiles(writer: UpperWriter, request: CopyRequest): Promise<void> {
  const { sources, inline, chmod, destination } = request
  const made = { mode: chmod?.(0o755, true) ?? 0o755, owner: request.owner ?? { uid: 0, gid: 0 } }
  const copy = new Copy(writer, request)
  /** A file goes into a destination that is a directory, else takes its place. */
  const placeOf = (name: string): string => {
    if (destination.endsWith('/') || writer.isDirectory(destination)) return childPath(writer.ensureDirectory(destination, made), name)
    const real = writer.resolve(destination)
    return childPath(writer.ensureDirectory(parentOf(real), made), baseName(real))
  }
  for (const { node, name } of sources) {
    request.signal.throwIfAborted()
    if (node.type === 'directory') await copy.contents(node, writer.ensureDirectory(destination, made), '')
    else if (node.type === 'file' && request.unpack !== undefined && (await request.unpack(node))) continue
    else await copy.node(node, placeOf(baseName(name)))
  }
  for (const { name, content } of inline) {
    writer.writeFile(placeOf(name), content, { ...made.owner, mode: chmod?.(0o644, false) ?? 0o644, mtimeNs: nowNs() })
  }
  writer.finish()
}

class Copy {
  readonly #writer: UpperWriter
  readonly #request: CopyRequest
  /** First path in the image of each file that has several names. */
  readonly #links = new Map<string, string>()

  constructor(writer: UpperWriter, request: CopyRequest) {
    this.#writer = writer
    this.#request = request
  }

  async contents(directory: SourceNode, to: string, prefix: string): Promise<void> {
    this.#request.signal.throwIfAborted()
    for (const node of this.#request.tree.list(directory)) {
      const name = baseName(node.path)
      if (this.#request.excludes.ignores(prefix + name)) continue
      const path = childPath(to, name)
      if (node.type === 'directory') {
        this.#writer.directory(path, this.#attributes(node))
        await this.contents(node, path, `${prefix}${name}/`)
      } else await this.node(node, path)
    }
  }

  /** Anything but a directory. */
  async node(node: SourceNode, to: string): Promise<void> {
    switch (node.type) {
      case 'file':
        return this.#file(node, to)
      case 'symlink':
        return this.#writer.symlink(to, node.target ?? '', this.#attributes(node))
      case 'character':
      case 'block':
      case 'fifo': {
        const numbers = node.type === 'fifo' ? { major: 0, minor: 0 } : deviceNumbers(fsPath(node.hostPath))
        return this.#writer.special(to, node.type, { ...this.#attributes(node), ...numbers })
      }
      case 'directory':
      case 'socket': // nothing without its process
    }
  }

  async #file(node: SourceNode, to: string): Promise<void> {
    const { tree } = this.#request
    const link = tree.hardLinkOf(node)
    const first = link === undefined ? undefined : this.#links.get(link)
    if (first !== undefined && this.#writer.hardLink(first, to)) return
    try {
      await this.#writer.copyFile(node, to, this.#attributes(node))
    } catch (error) {
      const isGone = codeOf(error) === 'ENOENT' && lstatSync(fsPath(node.hostPath), { throwIfNoEntry: false }) === undefined
      throw isGone ? sourceChanged(tree, node.path) : error
    }
    if (link !== undefined) this.#links.set(link, to)
  }

  #attributes(node: SourceNode): FileAttributes {
    const { owner, chmod, tree } = this.#request
    return {
      uid: owner?.uid ?? node.uid,
      gid: owner?.gid ?? node.gid,
      mode: chmod?.(node.mode, node.type === 'directory') ?? node.mode,
      mtimeNs: node.mtimeNs,
      xattrs: node.type === 'symlink' ? undefined : tree.xattrs(node),
    }
  }
}

/** What was copied is not what the step's key says: the result must not be kept. */
export function sourceChanged(tree: SourceTree, path: string): BuildError {
  return new BuildError('SOURCE_CHANGED', `${path} in ${tree.name} changed while it was copied`, { hint: 'Build again' })
}
