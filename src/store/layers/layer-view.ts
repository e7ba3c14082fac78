import { lstatSync, readdirSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs'
import { comparePaths, decodePath, encodePath, fsPath } from '../../archive/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { digestFrom, type Digest } from '../../oci/mod.ts'
import { digestStream, fileStream, type ByteStream } from '../../stream/mod.ts'
import { StoreError } from '../store-error.ts'
import { isOpaque, readXattrs } from './attributes.ts'
import { readToc } from './toc.ts'
import type { NodeType, View, ViewNode } from './view.ts'

/** An unpacked layer as a view reads it. */
export interface ViewLayer {
  readonly directory: string
  /** Undefined for a directory that is no layer yet. */
  readonly toc: string | undefined
}

const MAX_LINKS = 40
const TEXT_LIMIT = 16 << 20

/** A view of unpacked layers, topmost first. What it has looked up it remembers: the layers do not change. */
export function viewOf(layers: readonly ViewLayer[]): View {
  return new LayerView(layers)
}

class LayerView implements View {
  readonly #layers: readonly ViewLayer[]
  /** For a resolved directory of the view, the layers' directories that make it up, topmost first. */
  readonly #parts = new Map<string, readonly string[]>()
  readonly #digests = new Map<string, ReadonlyMap<string, Digest>>()

  constructor(layers: readonly ViewLayer[]) {
    this.#layers = layers
    this.#parts.set(
      '/',
      layers.map(({ directory }) => directory),
    )
  }

  lookup(path: string, options: { readonly follow?: boolean } = {}): ViewNode | undefined {
    return this.#resolve(path, options.follow !== false)
  }

  readDirectory(path: string): readonly string[] {
    const node = this.#resolve(path, true)
    if (node?.type !== 'directory') return []
    const names = new Map<string, boolean>()
    for (const part of this.#parts.get(node.path) ?? []) {
      for (const entry of readdirSync(fsPath(part) as string, { withFileTypes: true, encoding: 'buffer' }) as unknown as {
        name: Buffer
        isCharacterDevice(): boolean
      }[]) {
        const name = decodePath(entry.name)
        if (!names.has(name)) names.set(name, !(entry.isCharacterDevice() && isWhiteout(lstat(`${part}/${name}`) as BigIntStats)))
      }
    }
    return [...names]
      .filter(([, isThere]) => isThere)
      .map(([name]) => name)
      .toSorted(comparePaths)
  }

  async open(path: string): Promise<ByteStream> {
    const node = this.#resolve(path, true)
    if (node?.type !== 'file') throw new StoreError('LAYER_UNKNOWN', `${path} is no file in the image`)
    return fileStream(fsPath(node.hostPath) as string)
  }

  readText(path: string, limit = TEXT_LIMIT): string | undefined {
    const node = this.#resolve(path, true)
    if (node?.type !== 'file' || node.size > limit) return undefined
    return readFileSync(fsPath(node.hostPath), 'utf8')
  }

  async contentDigest(path: string): Promise<Digest> {
    const node = this.#resolve(path, false)
    if (node?.type !== 'file') throw new StoreError('LAYER_UNKNOWN', `${path} is no file in the image`)
    const layer = this.#layers.find(({ directory }) => node.hostPath.startsWith(`${directory}/`))
    const known = layer?.toc === undefined ? undefined : this.#digestsOf(layer.toc).get(node.hostPath.slice(layer.directory.length + 1))
    // Empty files, further hard links and sparse files are not in the toc by their content.
    return known ?? (await digestStream(fileStream(fsPath(node.hostPath) as string))).digest
  }

  xattrs(path: string): ReadonlyMap<string, Uint8Array> {
    const node = this.#resolve(path, false)
    return node === undefined ? new Map() : readXattrs(fsPath(node.hostPath))
  }

  #digestsOf(toc: string): ReadonlyMap<string, Digest> {
    let digests = this.#digests.get(toc)
    if (digests === undefined) {
      const found = new Map<string, Digest>()
      for (const record of readToc(toc)) {
        if (record.kind === 'payload' && !record.isKeptAside && record.segments === undefined)
          found.set(record.path, digestFrom('sha256', record.sha256.toString('hex')))
      }
      digests = found
      this.#digests.set(toc, digests)
    }
    return digests
  }

  #resolve(path: string, follow: boolean): ViewNode | undefined {
    const pending = split(path).toReversed()
    const done: string[] = []
    let node = this.#root()
    for (let links = 0, component = pending.pop(); component !== undefined; component = pending.pop()) {
      if (component === '..') {
        done.pop()
        node = this.#at(done) ?? this.#root()
        continue
      }
      if (node.type !== 'directory') return undefined
      const child = this.#child(node.path, component)
      if (child === undefined) return undefined
      if (child.type === 'symlink' && (follow || pending.length > 0)) {
        if (++links > MAX_LINKS) throw new StoreError('SYMLINK_LOOP', `Too many symlinks in ${path}`)
        const target = child.target ?? ''
        if (target.startsWith('/')) {
          done.length = 0
          node = this.#root()
        }
        pending.push(...split(target).toReversed())
        continue
      }
      done.push(component)
      node = child
    }
    return node
  }

  #at(components: readonly string[]): ViewNode | undefined {
    let node: ViewNode | undefined = this.#root()
    for (const component of components) node = node === undefined ? undefined : this.#child(node.path, component)
    return node
  }

  #root(): ViewNode {
    const [top] = this.#layers
    if (top === undefined)
      return { path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0, mtimeNs: 0n, target: undefined, hostPath: '' }
    return nodeOf('/', top.directory, lstat(top.directory) as BigIntStats)
  }

  /** One step down from a resolved directory, joining what the layers have of it. */
  #child(parent: string, name: string): ViewNode | undefined {
    const path = parent === '/' ? `/${name}` : `${parent}/${name}`
    let found: ViewNode | undefined
    const parts: string[] = []
    for (const part of this.#parts.get(parent) ?? []) {
      const host = `${part}/${name}`
      const stat = lstat(host)
      if (stat === undefined) continue
      if (isWhiteout(stat) || (found !== undefined && !stat.isDirectory())) break
      found ??= nodeOf(path, host, stat)
      if (!stat.isDirectory()) return found
      parts.push(host)
      if (isOpaque(fsPath(host))) break
    }
    if (found?.type === 'directory') this.#parts.set(path, parts)
    return found
  }
}

function split(path: string): string[] {
  return path.split('/').filter((component) => component !== '' && component !== '.')
}

function lstat(path: string): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

export function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n
}

export function typeOf(stat: BigIntStats): NodeType | undefined {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'character'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : undefined
}

function nodeOf(path: string, hostPath: string, stat: BigIntStats): ViewNode {
  const type = typeOf(stat) ?? 'fifo'
  return {
    path,
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: type === 'file' ? Number(stat.size) : 0,
    mtimeNs: stat.mtimeNs,
    target: type === 'symlink' ? decodePath(readlinkSync(encodePath(hostPath), { encoding: 'buffer' })) : undefined,
    hostPath,
  }
}
