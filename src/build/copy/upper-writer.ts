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
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimes, setXattr } from '../../host/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import type { View } from '../../store/mod.ts'
import { BuildError } from '../build-error.ts'
import type { SourceNode } from './source-tree.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface FileAttributes extends Owner {
  readonly mode: number
  readonly mtimeNs: bigint
  readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined
}

/**
 * Writes files into a layer's upper directory as if they were written into the joined layers: existing directories are copied up with their
 * attributes, symlinked ones are followed inside the image. Paths are absolute within the image.
 */
export class UpperWriter {
  readonly #upper: string
  readonly #below: View
  /** Set last, since filling a directory changes its time. */
  readonly #times = new Map<string, bigint>()

  constructor(upper: string, below: View) {
    this.#upper = upper
    this.#below = below
  }

  /** The real path of a directory, made when absent with its missing parents. @throws BuildError COPY_CONFLICT */
  ensureDirectory(path: string, made: { readonly mode: number; readonly owner: Owner }): string {
    let real = ''
    for (const name of path.split('/').filter(Boolean)) real = this.#enter(`${real}/${name}`, made)
    return real === '' ? '/' : real
  }

  isDirectory(path: string): boolean {
    return this.#upperType(path) === 'directory' || (this.#upperType(path) === undefined && this.#below.lookup(path)?.type === 'directory')
  }

  /** A directory that gets these attributes when it is new; one that exists keeps its own. */
  directory(path: string, attributes: FileAttributes): void {
    const isThere = this.isDirectory(path)
    const real = this.ensureDirectory(path, { mode: attributes.mode, owner: attributes })
    if (!isThere) this.#apply(real, attributes)
  }

  copyFile(from: SourceNode, path: string, attributes: FileAttributes): void {
    const host = this.#place(path)
    copyFileSync(from.hostPath, host, constants.COPYFILE_FICLONE)
    this.#applyTo(host, attributes)
  }

  writeFile(path: string, bytes: Uint8Array | string, attributes: FileAttributes): void {
    const host = this.#place(path)
    writeFileSync(host, bytes)
    this.#applyTo(host, attributes)
  }

  /** An empty file to be filled by the caller, who then calls `finishFile`. */
  openFile(path: string): string {
    return this.#place(path)
  }

  finishFile(host: string, attributes: FileAttributes): void {
    this.#applyTo(host, attributes)
  }

  symlink(path: string, target: string, { uid, gid, mtimeNs }: Omit<FileAttributes, 'mode'>): void {
    const host = this.#place(path)
    symlinkSync(target, host)
    lchownSync(host, uid, gid)
    setTimes(host, mtimeNs, mtimeNs)
  }

  /** False when the first name is not in this layer. */
  hardLink(first: string, path: string): boolean {
    const type = this.#upperType(first)
    if (type === undefined || type === 'directory') return false
    linkSync(this.#host(first), this.#place(path))
    return true
  }

  finish(): void {
    for (const [path, mtimeNs] of [...this.#times].toReversed()) setTimes(this.#host(path), mtimeNs, mtimeNs)
  }

  #enter(path: string, made: { readonly mode: number; readonly owner: Owner }): string {
    const type = this.#upperType(path)
    if (type === 'directory') return path
    if (type !== undefined) throw notDirectory(path)
    const below = this.#below.lookup(path, { follow: false })
    if (below === undefined) {
      mkdirSync(this.#host(path))
      this.#apply(path, { mode: made.mode, ...made.owner, mtimeNs: nowNs() })
      return path
    }
    if (below.type === 'symlink') {
      const target = this.#below.lookup(path)
      if (target?.type !== 'directory') throw notDirectory(path)
      return this.ensureDirectory(target.path, made)
    }
    if (below.type !== 'directory') throw notDirectory(path)
    mkdirSync(this.#host(path))
    this.#apply(path, { ...below, xattrs: this.#below.xattrs(path) })
    return path
  }

  /** Where a file of this path is to be written; whatever else is there in this layer goes. */
  #place(path: string): string {
    const slash = path.lastIndexOf('/')
    const name = path.slice(slash + 1)
    const parent = this.ensureDirectory(path.slice(0, slash), { mode: 0o755, owner: { uid: 0, gid: 0 } })
    const real = parent === '/' ? `/${name}` : `${parent}/${name}`
    const type = this.#upperType(real)
    if (type === 'directory' || (type === undefined && this.#below.lookup(real, { follow: false })?.type === 'directory')) {
      throw new BuildError('COPY_CONFLICT', `Cannot replace the directory ${real} by a file`)
    }
    if (type !== undefined) rmSync(this.#host(real))
    return this.#host(real)
  }

  #apply(path: string, attributes: FileAttributes): void {
    this.#applyTo(this.#host(path), attributes)
    this.#times.set(path, attributes.mtimeNs)
  }

  #applyTo(host: string, { uid, gid, mode, mtimeNs, xattrs }: FileAttributes): void {
    chownSync(host, uid, gid)
    chmodSync(host, mode)
    for (const [name, value] of xattrs ?? []) setXattr(host, name, value)
    setTimes(host, mtimeNs, mtimeNs)
  }

  #upperType(path: string): 'directory' | 'other' | undefined {
    try {
      return lstatSync(this.#host(path)).isDirectory() ? 'directory' : 'other'
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
      throw error
    }
  }

  #host(path: string): string {
    return join(this.#upper, path)
  }
}

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

function notDirectory(path: string): BuildError {
  return new BuildError('COPY_CONFLICT', `${path} is in the way: it is no directory`)
}
