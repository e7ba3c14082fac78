import { createHash, type Hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import {
  cleanEntryPath,
  encodePath,
  fsPath,
  parseWhiteout,
  payloadSize,
  type SparseSegment,
  type TarEntry,
  type TarHandler,
} from '../../archive/mod.ts'
import { makeNode, setTimes, setXattr } from '../../host/mod.ts'
import { StoreError } from '../store-error.ts'
import { applyAttributes, applyToLink, isKeptXattr, isOverlayXattr, OPAQUE, setFileTime } from './attributes.ts'
import type { Needs } from './needs.ts'
import type { TocWriter } from './toc.ts'

type Kind = 'directory' | 'file' | 'symlink' | 'whiteout' | 'other'

interface Node {
  readonly kind: Kind
  /** Set for directories that the tar has no entry of. */
  readonly implied?: boolean
  /** Number of the toc's payload record that names this very path; unset for empty files and further hard links. */
  readonly payload?: number
}

interface Current {
  readonly path: string
  readonly fd: number
  readonly entry: TarEntry
  readonly hash: Hash
  /** Where in the payload, and of a sparse file in which segment. */
  at: number
  segment: number
}

/**
 * Extracts one layer's tar into an empty directory of ours, in overlay form, and writes its toc on the way. Synchronous: for a worker.
 * SECURITY: nobody else writes below `root`, so the map of what we made tells which parents are real directories: no symlink is ever followed.
 */
export class LayerExtractor implements TarHandler {
  readonly #root: string
  readonly #extra: string
  readonly #toc: TocWriter
  readonly #warn: (text: string) => void
  readonly #nodes = new Map<string, Node>([['', { kind: 'directory', implied: true }]])
  /** Times of directories change while they are filled: set at the end. */
  readonly #directoryTimes = new Map<string, bigint>()
  readonly #umask: number
  readonly #links: string[] = []
  #current: Current | undefined
  #payloads = 0
  #extraCount = 0
  /** Bytes of all files. */
  size = 0

  constructor(options: { readonly root: string; readonly extra: string; readonly toc: TocWriter; readonly warn: (text: string) => void }) {
    this.#root = options.root
    this.#extra = options.extra
    this.#toc = options.toc
    this.#warn = options.warn
    mkdirSync(this.#root, { mode: 0o777 })
    this.#umask = 0o777 & ~statSync(this.#root).mode
    chmodSync(this.#root, 0o755)
  }

  raw(bytes: Uint8Array): void {
    this.#toc.raw(bytes)
  }

  warning(text: string): void {
    this.#warn(text)
  }

  entry(entry: TarEntry): void {
    const components = cleanEntryPath(entry.path)
    const name = components.at(-1)
    if (name === undefined) {
      this.#directory('', entry)
      return
    }
    const parent = components.slice(0, -1).join('/')
    this.#ensureDirectory(components.slice(0, -1), entry)
    const whiteout = parseWhiteout(name)
    if (whiteout !== undefined) {
      if (whiteout.kind === 'opaque') setXattr(this.#host(parent), OPAQUE, Buffer.from('y'))
      else if (whiteout.kind === 'hide') this.#hide(parent === '' ? whiteout.name : `${parent}/${whiteout.name}`)
      if (payloadSize(entry) > 0) this.#openAside(entry)
      return
    }
    this.#make(components.join('/'), entry)
  }

  data(bytes: Uint8Array): void {
    const current = this.#current
    if (current === undefined) return
    current.hash.update(bytes)
    const segments = current.entry.sparse
    if (segments === undefined) {
      write(current.fd, bytes, current.at)
    } else {
      this.#writeSegments(current, segments, bytes)
    }
    current.at += bytes.length
  }

  endEntry(): void {
    const current = this.#current
    if (current === undefined) return
    this.#current = undefined
    const { entry, fd, path } = current
    const isKeptAside = path.startsWith('\0')
    if (entry.sparse !== undefined && !isKeptAside) ftruncateSync(fd, entry.size)
    if (!isKeptAside) this.#finishFile(path, entry, fd)
    closeSync(fd)
    if (payloadSize(entry) === 0) return
    const payload = this.#payloads++
    if (!isKeptAside) this.#nodes.set(path, { kind: 'file', payload })
    this.#toc.payload({
      path: isKeptAside ? path.slice(1) : path,
      isKeptAside,
      size: payloadSize(entry),
      sha256: current.hash.digest(),
      segments: isKeptAside ? undefined : entry.sparse,
    })
  }

  /** Sets what had to wait. Gives what the layer needs of those below it. */
  finish(): Needs {
    for (const [path, mtimeNs] of [...this.#directoryTimes].toReversed()) setTimes(this.#host(path), mtimeNs, mtimeNs)
    const whiteouts: string[] = []
    const implied: string[] = []
    for (const [path, node] of this.#nodes) {
      if (node.kind === 'whiteout') whiteouts.push(path)
      if (node.implied === true) implied.push(path)
    }
    return { implied, whiteouts, links: this.#links }
  }

  #make(path: string, entry: TarEntry): void {
    const before = this.#nodes.get(path)
    if (entry.type === 'directory') {
      if (before !== undefined && before.kind !== 'directory') this.#remove(path, before)
      if (before?.kind !== 'directory') mkdirSync(this.#host(path), { mode: 0o700 })
      // SPEC: image-spec layer.md, "Whiteouts": markers hide lower layers only, so a hidden and then made directory hides what was there.
      if (before?.kind === 'whiteout') setXattr(this.#host(path), OPAQUE, Buffer.from('y'))
      this.#directory(path, entry)
      return
    }
    if (entry.type === 'hardlink') return this.#link(path, entry, before)
    if (before !== undefined) this.#remove(path, before)
    const host = this.#host(path)
    switch (entry.type) {
      case 'file':
        this.#nodes.set(path, { kind: 'file' })
        this.#current = {
          path,
          entry,
          fd: openSync(host, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, entry.mode & 0o777),
          hash: createHash('sha256'),
          at: 0,
          segment: 0,
        }
        this.size += entry.size
        return
      case 'symlink':
        symlinkSync(fsPath(entry.linkPath), host)
        applyToLink(host, entry)
        this.#nodes.set(path, { kind: 'symlink' })
        return
      case 'character':
      case 'block':
      case 'fifo': {
        if (entry.type === 'character' && entry.devMajor === 0 && entry.devMinor === 0) {
          this.#warn(`${entry.path}: a character device 0:0 was left out: overlayfs would take it for a whiteout`)
          return
        }
        const type = { character: constants.S_IFCHR, block: constants.S_IFBLK, fifo: constants.S_IFIFO }[entry.type]
        makeNode(host, type | 0o600, entry.devMajor, entry.devMinor)
        applyAttributes(host, entry, this.#xattrs(entry))
        this.#nodes.set(path, { kind: 'other' })
      }
    }
  }

  #directory(path: string, entry: TarEntry): void {
    applyAttributes(this.#host(path), entry, this.#xattrs(entry))
    this.#nodes.set(path, { kind: 'directory' })
    this.#directoryTimes.set(path, entry.mtimeNs)
  }

  /** A link to a file that only lower layers have is made when the layer is joined with them. */
  #link(path: string, entry: TarEntry, before: Node | undefined): void {
    const target = cleanEntryPath(entry.linkPath).join('/')
    if (target === path) return
    const node = this.#nodes.get(target)
    if (before !== undefined) this.#remove(path, before)
    if (node === undefined || node.kind === 'whiteout') {
      this.#links.push(path)
      this.#nodes.delete(path)
      return
    }
    if (node.kind === 'directory') throw invalid(entry, `is a hard link to the directory ${target}`)
    linkSync(this.#host(target), this.#host(path))
    this.#nodes.set(path, { kind: node.kind })
  }

  #hide(path: string): void {
    const before = this.#nodes.get(path)
    if (before === undefined) {
      makeNode(this.#host(path), constants.S_IFCHR, 0, 0)
      this.#nodes.set(path, { kind: 'whiteout' })
    } else if (before.kind === 'directory') {
      setXattr(this.#host(path), OPAQUE, Buffer.from('y'))
    }
  }

  #ensureDirectory(components: readonly string[], entry: TarEntry): void {
    let path = ''
    for (const component of components) {
      path = path === '' ? component : `${path}/${component}`
      const node = this.#nodes.get(path)
      if (node?.kind === 'directory') continue
      // SECURITY: an entry below a symlink would land wherever the link points.
      if (node !== undefined && node.kind !== 'whiteout')
        throw invalid(entry, `lies below ${path}, which is a ${node.kind === 'symlink' ? 'symlink' : 'file'} in the same layer`)
      if (node?.kind === 'whiteout') this.#remove(path, node)
      mkdirSync(this.#host(path), { mode: 0o755 })
      chmodSync(this.#host(path), 0o755)
      if (node?.kind === 'whiteout') setXattr(this.#host(path), OPAQUE, Buffer.from('y'))
      this.#nodes.set(path, { kind: 'directory', implied: true })
      this.#directoryTimes.set(path, 0n)
    }
  }

  /** What a later entry replaces. Its payload is still part of the tar, so the file is kept aside under its record's number. */
  #remove(path: string, node: Node): void {
    const inside = node.kind === 'directory' ? [...this.#nodes].filter(([other]) => other.startsWith(`${path}/`)) : []
    for (const [other, { payload }] of [...inside, [path, node] as const]) {
      if (payload !== undefined) {
        mkdirSync(this.#extra, { recursive: true })
        renameSync(this.#host(other), `${this.#extra}/${replacedName(payload)}`)
      }
      this.#nodes.delete(other)
      this.#directoryTimes.delete(other)
    }
    rmSync(this.#host(path), { recursive: true, force: true })
  }

  #openAside(entry: TarEntry): void {
    mkdirSync(this.#extra, { recursive: true })
    const name = `a${this.#extraCount++}`
    this.#current = {
      path: `\0${name}`,
      entry,
      fd: openSync(`${this.#extra}/${name}`, 'wx'),
      hash: createHash('sha256'),
      at: 0,
      segment: 0,
    }
  }

  #writeSegments(current: Current, segments: readonly SparseSegment[], bytes: Uint8Array): void {
    let from = 0
    let before = 0
    for (let i = 0; i < current.segment; i++) before += segments[i]?.length ?? 0
    while (from < bytes.length) {
      const segment = segments[current.segment]
      if (segment === undefined) throw invalid(current.entry, 'has more data than its sparse map')
      const inside = current.at + from - before
      const take = Math.min(bytes.length - from, segment.length - inside)
      if (current.path.startsWith('\0')) write(current.fd, bytes.subarray(from, from + take), current.at + from)
      else write(current.fd, bytes.subarray(from, from + take), segment.offset + inside)
      from += take
      if (inside + take === segment.length) {
        before += segment.length
        current.segment++
      }
    }
  }

  #finishFile(path: string, entry: TarEntry, fd: number): void {
    if (entry.uid !== 0 || entry.gid !== 0) fchownSync(fd, entry.uid, entry.gid)
    if ((entry.mode & 0o7000) !== 0 || (entry.mode & this.#umask) !== 0) fchmodSync(fd, entry.mode)
    for (const [name, value] of this.#xattrs(entry)) if (isKeptXattr(name)) setXattr(this.#host(path), name, value)
    setFileTime(fd, this.#host(path), entry.mtimeNs)
  }

  #xattrs(entry: TarEntry): ReadonlyMap<string, Uint8Array> {
    for (const name of entry.xattrs.keys())
      if (isOverlayXattr(name)) this.#warn(`${entry.path}: the attribute ${name} was left out: it belongs to overlayfs`)
    return entry.xattrs
  }

  #host(path: string): string | Buffer {
    if (path === '') return this.#root
    const host = fsPath(path)
    return typeof host === 'string' ? `${this.#root}/${host}` : Buffer.concat([Buffer.from(`${this.#root}/`), encodePath(path)])
  }
}

/** The name, beside the layer, of a file whose payload has this number and whose place in the layer another entry has taken. */
export function replacedName(payload: number): string {
  return `r${payload}`
}

function write(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}

function invalid(entry: TarEntry, problem: string): StoreError {
  return new StoreError('LAYER_INVALID', `The layer cannot be unpacked: ${entry.path} ${problem}`, {
    hint: 'The archive is broken, or made to escape from its directory; nothing of it was kept',
  })
}
