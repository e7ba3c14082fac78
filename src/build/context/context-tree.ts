import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { parseDockerignore, type PathFilter } from '../../dockerfile/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { digestStream, fileStream } from '../../stream/mod.ts'
import type { SourceNode, SourceTree } from '../copy/source-tree.ts'
import type { FileDigests } from './file-digests.ts'

const MAX_LINKS = 40

/** A build context: a directory read in place, without what .dockerignore leaves out. Symlinks in it never lead outside. */
export class ContextTree implements SourceTree {
  readonly keepsOwners = false
  readonly #root: string
  readonly #filter: PathFilter
  readonly #digests: FileDigests
  /** Parents are looked up once for each of their files. */
  readonly #directories = new Map<string, SourceNode>()

  constructor(root: string, ignoreText: string, digests: FileDigests) {
    this.#root = root
    this.#filter = parseDockerignore(ignoreText)
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
      const at = [...done, name].join('/')
      const child = node?.type === 'directory' ? this.#node(at) : undefined
      if (child === undefined) return undefined
      if (child.type === 'symlink' && (options.follow || pending.length > 0)) {
        if (++links > MAX_LINKS) return undefined
        // SECURITY: an absolute link means the context's root, not the machine's.
        if (child.target?.startsWith('/') === true) done = []
        node = this.#node(done.join('/'))
        pending.push(...split(child.target ?? '').toReversed())
        continue
      }
      done.push(name)
      node = child
    }
    return node
  }

  readDirectory(path: string): readonly string[] {
    const relative = split(path).join('/')
    if (relative !== '' && !this.#filter.mayContain(relative)) return []
    return readdirSync(join(this.#root, relative))
      .toSorted()
      .filter((name) => {
        const child = relative === '' ? name : `${relative}/${name}`
        // An ignored directory may hold what a later `!` brings back.
        return !this.#filter.ignores(child) || this.#filter.mayContain(child)
      })
  }

  isLeftOut(path: string): boolean {
    const relative = split(path).join('/')
    return relative !== '' && this.#filter.ignores(relative)
  }

  /** The line of .dockerignore that leaves the path out, if that is why it is not found. */
  whyLeftOut(path: string): string | undefined {
    if (!this.isLeftOut(path)) return undefined
    const pattern = this.#filter.patterns.findLast(
      ({ negated, text }) => !negated && parseDockerignore(text).ignores(split(path).join('/')),
    )
    return pattern === undefined ? undefined : `line ${pattern.line} of .dockerignore (${pattern.text})`
  }

  async contentDigest(node: SourceNode): Promise<string> {
    const known = this.#digests.find(node)
    if (known !== undefined) return known
    const { digest } = await digestStream(fileStream(node.hostPath))
    this.#digests.remember(node, digest)
    return digest
  }

  xattrs(): ReadonlyMap<string, Uint8Array> {
    return NONE
  }

  #node(relative: string): SourceNode | undefined {
    const known = this.#directories.get(relative)
    if (known !== undefined) return known
    const node = this.#read(relative)
    if (node?.type === 'directory') this.#directories.set(relative, node)
    return node
  }

  #read(relative: string): SourceNode | undefined {
    const hostPath = relative === '' ? this.#root : `${this.#root}/${relative}`
    let stat: BigIntStats
    try {
      stat = lstatSync(hostPath, { bigint: true })
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
      throw error
    }
    const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'other'
    if (relative !== '' && type !== 'directory' && this.#filter.ignores(relative)) return undefined
    return {
      path: `/${relative}`,
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: 0,
      gid: 0,
      size: Number(stat.size),
      mtimeNs: stat.mtimeNs,
      target: type === 'symlink' ? readlinkSync(hostPath) : undefined,
      hostPath,
      identity: `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`,
      changedNs: stat.ctimeNs > stat.mtimeNs ? stat.ctimeNs : stat.mtimeNs,
      links: Number(stat.nlink),
    }
  }
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map()

/** `<Dockerfile>.dockerignore` beside the Dockerfile takes the place of the context's own. */
export function readIgnoreFile(context: string, dockerfile: string): string {
  for (const path of [`${dockerfile}.dockerignore`, join(context, '.dockerignore')]) {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  return ''
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
