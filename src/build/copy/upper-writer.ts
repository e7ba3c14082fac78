import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { encodePath, fsPath } from '../../archive/mod.ts'
import { makeNode, setTimes, setXattr } from '../../host/mod.ts'
import type { View } from '../../store/mod.ts'
import { BuildError } from '../build-error.ts'
import { baseName, childPath, parentOf, type SourceNode } from './source-tree.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface FileAttributes extends Owner {
  readonly mode: number
  readonly mtimeNs: bigint
  readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined
}

/** How directories come into being that a path names but nobody describes. */
export interface MadeDirectory {
  readonly mode: number
  readonly owner: Owner
}

const PLAIN: MadeDirectory = { mode: 0o755, owner: { uid: 0, gid: 0 } }

type Entry = { readonly kind: 'directory' | 'other' } | { readonly kind: 'symlink'; readonly target: string }

const MAX_LINKS = 40
/** Copied by the thread pool, so that progress and signals go on. */
const LARGE = 4 << 20
const SECOND = 1_000_000_000n
/** <sys/stat.h> */
const TYPE_BITS = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const

/**
 * Writes files into a layer's upper directory as if they were written into the joined layers: existing directories are copied up with their
 * attributes, symlinked ones are followed inside the image. Paths are absolute within the image, as text of decodePath (archive).
 * Nobody else writes into the upper directory meanwhile.
 */
export class UpperWriter {
  readonly #upper: string
  readonly #below: View
  /** What is in the upper directory, by real path. */
  readonly #made = new Map<string, Entry>([['/', { kind: 'directory' }]])
  /** Directories that the layers below do not have: nothing in them needs to be looked up there. */
  readonly #fresh = new Set<string>()
  /** Set last, since filling a directory changes its time. */
  readonly #times = new Map<string, bigint>()

  constructor(upper: string, below: View) {
    this.#upper = upper
    this.#below = below
    const root = below.lookup('/')
    if (root !== undefined && root.hostPath !== '') this.#times.set('/', root.mtimeNs)
  }

  /** The real path of a directory, made when absent with its missing parents. @throws BuildError COPY_CONFLICT */
  ensureDirectory(path: string, made: MadeDirectory = PLAIN): string {
    return this.#walk(path, made)
  }

  /** The path with all symlinks followed, also in the last part; what is not there stays as it is. */
  resolve(path: string): string {
    return this.#walk(path, undefined)
  }

  isDirectory(path: string): boolean {
    return this.#entry(this.resolve(path))?.kind === 'directory'
  }

  /** A directory that gets these attributes when it is new; one that exists keeps its own. */
  directory(path: string, attributes: FileAttributes): void {
    const isNew = !this.isDirectory(path)
    const real = this.ensureDirectory(path, { mode: attributes.mode, owner: attributes })
    if (isNew) this.#setDirectory(real, attributes)
  }

  async copyFile(from: SourceNode, path: string, attributes: FileAttributes): Promise<void> {
    const host = this.#place(path)
    const source = fsPath(from.hostPath)
    if (from.size > LARGE) await copyFile(source, host, constants.COPYFILE_FICLONE)
    else copyFileSync(source, host, constants.COPYFILE_FICLONE)
    apply(host, attributes, from.mode)
  }

  writeFile(path: string, bytes: Uint8Array | string, attributes: FileAttributes): void {
    const host = this.#place(path)
    writeFileSync(host, bytes)
    apply(host, attributes)
  }

  /** A file that `fill` writes. */
  async fillFile(path: string, attributes: FileAttributes, fill: (host: string) => Promise<unknown>): Promise<void> {
    const host = this.#place(path)
    await fill(host as string)
    apply(host, attributes)
  }

  symlink(path: string, target: string, { uid, gid, mtimeNs }: Omit<FileAttributes, 'mode'>): void {
    const host = this.#place(path, { kind: 'symlink', target })
    symlinkSync(fsPath(target), host)
    lchownSync(host, uid, gid)
    setTimes(host, mtimeNs, mtimeNs)
  }

  /** A device or named pipe. */
  special(path: string, type: keyof typeof TYPE_BITS, node: FileAttributes & { readonly major: number; readonly minor: number }): void {
    const host = this.#place(path)
    makeNode(host, TYPE_BITS[type] | 0o600, node.major, node.minor)
    apply(host, node)
  }

  /** False when the first name is not a file of this layer. */
  hardLink(first: string, path: string): boolean {
    const real = (name: string): string => childPath(this.resolve(parentOf(name)), baseName(name))
    const from = real(first)
    const kind = this.#made.get(from)?.kind
    if (kind === undefined || kind === 'directory') return false
    if (from !== real(path)) linkSync(this.#host(from), this.#place(path))
    return true
  }

  /** Call it after everything is written. */
  finish(): void {
    for (const [path, mtimeNs] of this.#times) setTime(this.#host(path), mtimeNs)
  }

  #walk(path: string, made: MadeDirectory | undefined): string {
    const pending = split(path).toReversed()
    let done: string[] = []
    for (let links = 0, name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '..') {
        done.pop()
        continue
      }
      const real = `/${[...done, name].join('/')}`
      const entry = this.#entry(real)
      if (entry?.kind === 'symlink') {
        if (++links > MAX_LINKS) throw new BuildError('COPY_CONFLICT', `Too many symlinks in ${path}`)
        if (entry.target.startsWith('/')) done = []
        pending.push(...split(entry.target).toReversed())
        continue
      }
      if (made !== undefined) {
        if (entry?.kind === 'other') throw new BuildError('COPY_CONFLICT', `Cannot make the directory ${path}: ${real} is no directory`)
        if (entry === undefined) this.#make(real, made)
        else if (!this.#made.has(real)) this.#copyUp(real)
      }
      done.push(name)
    }
    return `/${done.join('/')}`
  }

  /** At a path whose parents are real. */
  #entry(real: string): Entry | undefined {
    const made = this.#made.get(real)
    if (made !== undefined || this.#fresh.has(parentOf(real))) return made
    const node = this.#below.lookup(real, { follow: false })
    if (node === undefined) return undefined
    if (node.type === 'symlink') return { kind: 'symlink', target: node.target ?? '' }
    return { kind: node.type === 'directory' ? 'directory' : 'other' }
  }

  #make(real: string, { mode, owner }: MadeDirectory): void {
    mkdirSync(this.#host(real))
    this.#made.set(real, { kind: 'directory' })
    this.#fresh.add(real)
    this.#setDirectory(real, { mode, ...owner, mtimeNs: nowNs() })
  }

  #copyUp(real: string): void {
    const node = this.#below.lookup(real, { follow: false })
    if (node === undefined) throw new Error(`${real} was there just now`)
    mkdirSync(this.#host(real))
    this.#made.set(real, { kind: 'directory' })
    this.#setDirectory(real, { ...node, xattrs: this.#below.xattrs(real) })
  }

  #setDirectory(real: string, attributes: FileAttributes): void {
    apply(this.#host(real), attributes)
    this.#times.set(real, attributes.mtimeNs)
  }

  /** Where a file of this path is to be written on this machine; a file of this layer that is there goes. */
  #place(path: string, entry: Entry = { kind: 'other' }): string | Buffer {
    const real = childPath(this.ensureDirectory(parentOf(path)), baseName(path))
    if (this.#entry(real)?.kind === 'directory') throw new BuildError('COPY_CONFLICT', `Cannot replace the directory ${real} by a file`)
    if (this.#made.has(real)) rmSync(this.#host(real))
    this.#made.set(real, entry)
    return this.#host(real)
  }

  #host(real: string): string | Buffer {
    if (real === '/') return this.#upper
    return real.isWellFormed() ? this.#upper + real : Buffer.concat([Buffer.from(this.#upper), encodePath(real)])
  }
}

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

/** Of a device of this machine. SPEC: glibc's gnu_dev_major and gnu_dev_minor. */
export function deviceNumbers(path: string | Buffer): { readonly major: number; readonly minor: number } {
  const { rdev } = lstatSync(path, { bigint: true })
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}

/** `modeBefore`: what it has already, when that is known. */
function apply(host: string | Buffer, { uid, gid, mode, mtimeNs, xattrs }: FileAttributes, modeBefore?: number): void {
  // In this order: a change of owner takes setuid bits and capabilities away.
  chownSync(host, uid, gid)
  if (mode !== modeBefore || (mode & 0o6000) !== 0) chmodSync(host, mode)
  for (const [name, value] of xattrs ?? []) setXattr(host, name, value)
  setTime(host, mtimeNs)
}

/** Layers keep whole seconds, so Node's floating point does no harm, but to times before 1970. */
function setTime(host: string | Buffer, mtimeNs: bigint): void {
  const seconds = Number(mtimeNs / SECOND)
  if (mtimeNs > 0n) utimesSync(host, seconds, seconds)
  else setTimes(host, mtimeNs, mtimeNs)
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
