import { chmodSync, chownSync, futimesSync, lchownSync, lstatSync } from 'node:fs'
import { getXattr, listXattrs, removeXattr, setTimes, setXattr, type SystemPath } from '../../host/mod.ts'

/** What overlayfs reads as "hide everything below": a character device 0:0, and this mark on a directory. */
export const OPAQUE = 'trusted.overlay.opaque'

export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
}

/** A layer keeps these; the rest belongs to the machine (SELinux labels) or to overlayfs. */
export function isKeptXattr(name: string): boolean {
  return name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'))
}

export function isOverlayXattr(name: string): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')
}

export function readXattrs(path: SystemPath): ReadonlyMap<string, Uint8Array> {
  const names = listXattrs(path).filter(isKeptXattr)
  if (names.length === 0) return NO_XATTRS
  return new Map(names.toSorted().map((name) => [name, getXattr(path, name) ?? Buffer.alloc(0)]))
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map()

/** The owner before the mode (chown clears setuid), xattrs after the owner (chown clears capabilities), the time last. */
export function applyAttributes(path: SystemPath, attributes: Attributes, xattrs: ReadonlyMap<string, Uint8Array> = NO_XATTRS): void {
  chownSync(path, attributes.uid, attributes.gid)
  chmodSync(path, attributes.mode)
  for (const [name, value] of xattrs) if (isKeptXattr(name)) setXattr(path, name, value)
  setTimes(path, attributes.mtimeNs, attributes.mtimeNs)
}

/** As applyAttributes, for what has no mode of its own and must not be followed. */
export function applyToLink(path: SystemPath, { uid, gid, mtimeNs }: Omit<Attributes, 'mode'>): void {
  lchownSync(path, uid, gid)
  setTimes(path, mtimeNs, mtimeNs)
}

const SECOND = 1_000_000_000n

/** For an open file: quicker by descriptor, where the time is whole seconds since 1970. */
export function setFileTime(fd: number, path: SystemPath, mtimeNs: bigint): void {
  if (mtimeNs >= 0n && mtimeNs % SECOND === 0n) futimesSync(fd, Number(mtimeNs / SECOND), Number(mtimeNs / SECOND))
  else setTimes(path, mtimeNs, mtimeNs)
}

export function copyXattrs(from: SystemPath, to: SystemPath): void {
  for (const [name, value] of readXattrs(from)) setXattr(to, name, value)
}

export function dropOverlayXattrs(path: SystemPath, keepOpaque: boolean): void {
  for (const name of listXattrs(path)) if (isOverlayXattr(name) && !(keepOpaque && name === OPAQUE)) removeXattr(path, name)
}

export function isOpaque(path: SystemPath): boolean {
  return getXattr(path, OPAQUE)?.toString() === 'y'
}

export function attributesOf(path: SystemPath): Attributes {
  const stat = lstatSync(path, { bigint: true })
  return { mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), mtimeNs: stat.mtimeNs }
}
