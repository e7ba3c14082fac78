import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { comparePaths, decodePath, fsPath } from '../../archive/mod.ts'
import { parseDockerignore, pathFilter, type PathFilter } from '../../dockerfile/mod.ts'
import { getXattr, listXattrs } from '../../host/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { digestBytes, digestStream, fileStream } from '../../stream/mod.ts'
import { childPath, type FileIdentity, type SourceNode, type SourceTree } from '../copy/source-tree.ts'
import type { FileDigests } from './file-digests.ts'

const MAX_LINKS = 40
/** Read at once: a stream costs more than such a file. */
const SMALL = 1 << 20

interface ContextNode extends SourceNode {
  readonly identity: FileIdentity
  readonly hardLink: string | undefined
}

/**
 * A build context: a directory read in place, without what .dockerignore leaves out. Everything in it belongs to root.
 * SECURITY: symlinks in it never lead outside: an absolute one starts at the context's root.
 */
export class ContextTree implements SourceTree {
  readonly name = 'the build context'
  readonly #root: string
  readonly #ignoreFile: IgnoreFile | undefined
  readonly #filter: PathFilter | undefined
  readonly #digests: FileDigests

  constructor(root: string, ignoreFile: IgnoreFile | undefined, digests: FileDigests) {
    this.#root = root
    this.#ignoreFile = ignoreFile
    const filter = ignoreFile === undefined ? undefined : parseDockerignore(ignoreFile.text)
    this.#filter = filter?.patterns.length === 0 ? undefined : filter
    this.#digests = digests
  }

  lookup(path: string, options: { readonly follow: boolean }): SourceNode | undefined {
    const pending = split(path).toReversed()
    let done: string[] = []
    let node = this.#node('')
    for (let links = 0, name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '..') {
        done.pop()
        node = this.#node(done.join('/'))
        continue
      }
      const child = node?.type === 'directory' ? this.#node([...done, name].join('/')) : undefined
      if (child === undefined) return undefined
      if (child.type === 'symlink' && (options.follow || pending.length > 0)) {
        if (++links > MAX_LINKS) return undefined
        if (child.target?.startsWith('/') === true) done = []
        node = this.#node(done.join('/'))
        pending.push(...split(child.target ?? '').toReversed())
        continue
      }
      done.push(name)
      node = child
    }
    if (node === undefined || !this.#isLeftOut(node.path.slice(1))) return node
    // A directory that is left out is there for what a later `!` brings back in it.
    return node.type === 'directory' && this.list(node).length > 0 ? node : undefined
  }

  list(directory: SourceNode): readonly SourceNode[] {
    const relative = directory.path.slice(1)
    if (relative !== '' && this.#filter?.mayContain(relative) === false) return []
    return namesIn(directory.hostPath).flatMap((name): SourceNode[] => {
      const path = childPath(directory.path, name).slice(1)
      const leftOut = this.#isLeftOut(path)
      if (leftOut && this.#filter?.mayContain(path) === false) return []
      const node = this.#node(path)
      if (node === undefined || (leftOut && (node.type !== 'directory' || this.list(node).length === 0))) return []
      return [node]
    })
  }

  whyLeftOut(path: string): string | undefined {
    if (this.#filter?.ignores(path.slice(1)) !== true) return undefined
    const pattern = this.#filter.patterns.findLast(({ negated, text }) => !negated && pathFilter([text]).ignores(path.slice(1)))
    return pattern === undefined ? undefined : `line ${pattern.line} of ${this.#ignoreFile?.name}: ${pattern.text}`
  }

  async contentDigest(node: SourceNode): Promise<string> {
    const identity = this.identity(node)
    const known = this.#digests.find(identity)
    if (known !== undefined) return known
    const host = fsPath(node.hostPath)
    const digest = node.size <= SMALL ? digestBytes(readFileSync(host)) : (await digestStream(fileStream(host as string))).digest
    this.#digests.remember(identity, digest)
    return digest
  }

  xattrs(node: SourceNode): ReadonlyMap<string, Uint8Array> {
    if (node.type !== 'file') return NONE
    const host = fsPath(node.hostPath)
    const names = listXattrs(host).filter((name) => name.startsWith('user.') || name === 'security.capability')
    return names.length === 0 ? NONE : new Map(names.toSorted().map((name) => [name, getXattr(host, name) ?? Buffer.alloc(0)]))
  }

  hardLinkOf(node: SourceNode): string | undefined {
    return (node as ContextNode).hardLink
  }

  identity(node: SourceNode): FileIdentity {
    return (node as ContextNode).identity
  }

  #isLeftOut(relative: string): boolean {
    return relative !== '' && this.#filter?.ignores(relative) === true
  }

  #node(relative: string): ContextNode | undefined {
    const hostPath = relative === '' ? this.#root : `${this.#root}/${relative}`
    let stat: BigIntStats
    try {
      stat = lstatSync(fsPath(hostPath), { bigint: true })
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
      throw error
    }
    const type = relative === '' ? 'directory' : typeOf(stat)
    return {
      path: `/${relative}`,
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: 0,
      gid: 0,
      size: type === 'file' ? Number(stat.size) : 0,
      mtimeNs: stat.mtimeNs,
      target: type === 'symlink' ? decodePath(readlinkSync(fsPath(hostPath), { encoding: 'buffer' })) : undefined,
      hostPath,
      identity: identityOf(stat),
      hardLink: stat.nlink > 1n && type === 'file' ? `${stat.dev}:${stat.ino}` : undefined,
    }
  }
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map()

function namesIn(hostPath: string): readonly string[] {
  const names = readdirSync(fsPath(hostPath))
  // Node writes U+FFFD for what is no UTF-8: such a directory is read as bytes.
  const text = names.some((name) => name.includes('\uFFFD')) ? readdirSync(fsPath(hostPath), { encoding: 'buffer' }).map(decodePath) : names
  return text.toSorted(comparePaths)
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  return { text: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, changedNs: ctimeNs > mtimeNs ? ctimeNs : mtimeNs }
}

function typeOf(stat: BigIntStats): SourceNode['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'character'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : 'socket'
}

export interface IgnoreFile {
  /** For people. */
  readonly name: string
  readonly text: string
}

/** `<Dockerfile>.dockerignore` beside the Dockerfile takes the place of the context's own. */
export function readIgnoreFile(context: string, dockerfile: string): IgnoreFile | undefined {
  for (const path of [`${dockerfile}.dockerignore`, join(context, '.dockerignore')]) {
    try {
      return { name: path.slice(path.lastIndexOf('/') + 1), text: readFileSync(path, 'utf8') }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  return undefined
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
