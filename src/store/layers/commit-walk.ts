import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, rmSync, type BigIntStats } from 'node:fs'
import {
  comparePaths,
  decodePath,
  encodePath,
  formatWhiteout,
  fsPath,
  OPAQUE_WHITEOUT,
  TAR_TRAILER,
  tarHeader,
  tarPadding,
  type NewTarEntry,
} from '../../archive/mod.ts'
import { removeXattr, setTimes } from '../../host/mod.ts'
import { attributesOf, dropOverlayXattrs, isOpaque, OPAQUE, readXattrs } from './attributes.ts'
import { isWhiteout, typeOf } from './layer-view.ts'
import type { TocWriter } from './toc.ts'
import type { View } from './view.ts'

const SECOND = 1_000_000_000n
const DEVICE = {
  major: (rdev: bigint): number => Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
  minor: (rdev: bigint): number => Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
}

export interface CommitResult {
  /** Hex SHA-256 of the tar. */
  readonly sha256: string
  readonly tarSize: number
  readonly size: number
  readonly whiteouts: readonly string[]
}

/**
 * Walks an overlay's upper directory once: gives the layer's tar to the toc, hashes it, and makes the directory what extracting that tar would give.
 * Names in bytewise order, whole seconds, parents of every entry with their real attributes. Synchronous: for a worker.
 */
export class CommitWalk {
  readonly #upper: string
  readonly #below: View
  readonly #toc: TocWriter
  readonly #clampNs: bigint | undefined
  readonly #tar = createHash('sha256')
  readonly #inodes = new Map<bigint, string>()
  readonly #whiteouts: string[] = []
  readonly #buffer = Buffer.allocUnsafeSlow(1 << 20)
  /** Directories on the way down whose headers wait for something to be in them. */
  readonly #pending: (() => void)[] = []
  #tarSize = 0
  #size = 0

  constructor(options: { readonly upper: string; readonly below: View; readonly toc: TocWriter; readonly clampTo: number | undefined }) {
    this.#upper = options.upper
    this.#below = options.below
    this.#toc = options.toc
    this.#clampNs = options.clampTo === undefined ? undefined : BigInt(options.clampTo) * SECOND
  }

  run(): CommitResult {
    const root = attributesOf(this.#upper)
    const before = this.#below.lookup('/')
    if (before === undefined || before.mode !== root.mode || before.uid !== root.uid || before.gid !== root.gid) {
      this.#emit({
        path: './',
        type: 'directory',
        mode: root.mode,
        uid: root.uid,
        gid: root.gid,
        mtimeNs: this.#time(root.mtimeNs),
        xattrs: readXattrs(this.#upper),
      })
    }
    this.#directory('')
    dropOverlayXattrs(this.#upper, false)
    this.#raw(TAR_TRAILER)
    return { sha256: this.#tar.digest('hex'), tarSize: this.#tarSize, size: this.#size, whiteouts: this.#whiteouts }
  }

  #directory(path: string): void {
    const names = readdirSync(this.#host(path), { encoding: 'buffer' })
      .map((name) => decodePath(name))
      .toSorted(comparePaths)
    for (const name of names) this.#node(path === '' ? name : `${path}/${name}`, name)
  }

  #node(path: string, name: string): void {
    const host = this.#host(path)
    const stat = lstatSync(host, { bigint: true })
    const type = typeOf(stat)
    if (type === undefined) return rmSync(host) // SPEC: layer.md has no sockets
    if (isWhiteout(stat)) return this.#whiteout(path, name)
    if (type === 'directory') return this.#subdirectory(path, stat)
    this.#flushPending()
    dropOverlayXattrs(host, false)
    const mtimeNs = this.#time(stat.mtimeNs)
    const common = { path, mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), mtimeNs }
    const first = stat.nlink > 1n ? this.#inodes.get(stat.ino) : undefined
    if (first !== undefined) return this.#emit({ ...common, type: 'hardlink', linkPath: first })
    if (stat.nlink > 1n) this.#inodes.set(stat.ino, path)
    if (mtimeNs !== stat.mtimeNs) setTimes(host, mtimeNs, mtimeNs)
    const xattrs = readXattrs(host)
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the default is everything else
    switch (type) {
      case 'file':
        this.#emit({ ...common, type, size: Number(stat.size), xattrs })
        return this.#payload(path, Number(stat.size))
      case 'symlink':
        return this.#emit({ ...common, type, linkPath: decodePath(readlinkSync(host, { encoding: 'buffer' })) })
      default:
        return this.#emit({
          ...common,
          type,
          xattrs,
          ...(type === 'fifo' ? {} : { devMajor: DEVICE.major(stat.rdev), devMinor: DEVICE.minor(stat.rdev) }),
        })
    }
  }

  #whiteout(path: string, name: string): void {
    if (this.#below.lookup(`/${path}`, { follow: false }) === undefined) return rmSync(this.#host(path))
    this.#flushPending()
    this.#whiteouts.push(path)
    const parent = path.slice(0, path.length - name.length)
    this.#emit({ path: parent + formatWhiteout(name), type: 'file', mode: 0, mtimeNs: 0n })
  }

  /** A directory that was only copied up, with nothing in it, is no change: it is left out. */
  #subdirectory(path: string, stat: BigIntStats): void {
    const host = this.#host(path)
    const before = this.#below.lookup(`/${path}`, { follow: false })
    const hides = isOpaque(host)
    const mtimeNs = this.#time(stat.mtimeNs)
    const xattrs = readXattrs(host)
    const depth = this.#pending.length
    this.#pending.push(() => {
      this.#emit({
        path: `${path}/`,
        type: 'directory',
        mode: Number(stat.mode) & 0o7777,
        uid: Number(stat.uid),
        gid: Number(stat.gid),
        mtimeNs,
        xattrs,
      })
      if (hides && before?.type === 'directory') this.#emit({ path: `${path}/${OPAQUE_WHITEOUT}`, type: 'file', mode: 0, mtimeNs: 0n })
    })
    const isSame =
      before?.type === 'directory' &&
      BigInt(before.mode) === (stat.mode & 0o7777n) &&
      BigInt(before.uid) === stat.uid &&
      BigInt(before.gid) === stat.gid
    if (!isSame || hides) this.#flushPending()
    this.#directory(path)
    if (this.#pending.length > depth) {
      this.#pending.length = depth
      return rmSync(host, { recursive: true })
    }
    if (hides && before?.type !== 'directory') removeXattr(host, OPAQUE)
    dropOverlayXattrs(host, true)
    setTimes(host, mtimeNs, mtimeNs)
  }

  #flushPending(): void {
    for (const emit of this.#pending) emit()
    this.#pending.length = 0
  }

  #payload(path: string, size: number): void {
    if (size === 0) return
    const hash = createHash('sha256')
    const fd = openSync(this.#host(path), 'r')
    try {
      let at = 0
      while (at < size) {
        const read = readSync(fd, this.#buffer, 0, Math.min(this.#buffer.length, size - at), at)
        if (read === 0) throw new Error(`${path} became shorter while it was read`)
        const piece = this.#buffer.subarray(0, read)
        hash.update(piece)
        this.#tar.update(piece)
        at += read
      }
    } finally {
      closeSync(fd)
    }
    this.#tarSize += size
    this.#size += size
    this.#toc.payload({ path, isKeptAside: false, size, sha256: hash.digest(), segments: undefined })
    this.#raw(tarPadding(size))
  }

  #emit(entry: NewTarEntry): void {
    this.#raw(tarHeader(entry))
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#tar.update(bytes)
    this.#tarSize += bytes.length
    this.#toc.raw(bytes)
  }

  /** Whole seconds, towards the past; not later than the clamp. */
  #time(mtimeNs: bigint): bigint {
    const floored = mtimeNs - (((mtimeNs % SECOND) + SECOND) % SECOND)
    return this.#clampNs !== undefined && floored > this.#clampNs ? this.#clampNs : floored
  }

  #host(path: string): string | Buffer {
    if (path === '') return this.#upper
    const relative = fsPath(path)
    return typeof relative === 'string' ? `${this.#upper}/${relative}` : Buffer.concat([Buffer.from(`${this.#upper}/`), encodePath(path)])
  }
}
