import { BLOCK } from './_header.ts'
import { writeOctal } from './_numbers.ts'
import { formatPax, formatPaxTime, xattrKey } from './_pax.ts'
import { encodePath } from './path-text.ts'
import type { NewTarEntry, TarEntryType } from './tar-entry.ts'
import { showPath, TarError } from './tar-error.ts'

const TYPEFLAG: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

const ZEROS = Buffer.alloc(2 * BLOCK)

/** What ends an archive: two zero blocks. */
export const TAR_TRAILER: Uint8Array = ZEROS

/** The zeros between a payload of `size` bytes and the next header. */
export function tarPadding(size: number): Uint8Array {
  return ZEROS.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK)
}

/**
 * The header blocks of an entry: ustar, with a PAX header before it only where ustar cannot say it (long or non-ASCII names, large numbers,
 * times before 1970 or with fractions, extended attributes). Equal entries give equal bytes. A directory's path gets a `/` at its end.
 * The payload (files only), `tarPadding(size)` and, behind the last entry, `TAR_TRAILER` are the caller's.
 * @throws TarError PATH_INVALID, HEADER_INVALID for what no header can say
 */
export function tarHeader(entry: NewTarEntry): Uint8Array {
  const path = encodePath(entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path)
  const linkPath = encodePath(entry.linkPath ?? '')
  if (path.includes(0) || linkPath.includes(0)) throw invalid(entry, 'its path contains a NUL')
  const records = new Map<string, Uint8Array>()
  const block = Buffer.alloc(BLOCK)
  writePath(block, path, records)
  if (linkPath.length > 100 || !isAscii(linkPath)) records.set('linkpath', linkPath)
  toAscii(linkPath).copy(block, 157, 0, 100)

  const put = (key: string, at: number, length: number, value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw invalid(entry, `its ${key} ${value} is out of range`)
    if (writeOctal(block, at, length, value)) return
    writeOctal(block, at, length, 0)
    records.set(key, Buffer.from(String(value)))
  }
  writeOctal(block, 100, 8, (entry.mode ?? defaultMode(entry.type)) & 0o7777)
  put('uid', 108, 8, entry.uid ?? 0)
  put('gid', 116, 8, entry.gid ?? 0)
  put('size', 124, 12, entry.type === 'file' ? (entry.size ?? 0) : 0)
  writeTime(block, entry.mtimeNs ?? 0n, records)
  block.write(TYPEFLAG[entry.type], 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  writeName(block, 265, 'uname', entry.uname ?? '', records)
  writeName(block, 297, 'gname', entry.gname ?? '', records)
  if (entry.type === 'character' || entry.type === 'block') {
    if (!writeOctal(block, 329, 8, entry.devMajor ?? 0) || !writeOctal(block, 337, 8, entry.devMinor ?? 0))
      throw invalid(entry, 'its device number is out of range')
  }
  for (const [name, value] of entry.xattrs ?? []) records.set(xattrKey(name), value)
  writeChecksum(block)
  return records.size === 0 ? block : Buffer.concat([paxHeader(path, records), block])
}

function defaultMode(type: TarEntryType): number {
  if (type === 'symlink') return 0o777
  return type === 'directory' ? 0o755 : 0o644
}

/** SPEC: POSIX ustar: a name of up to 100 bytes, and before it a prefix of up to 155 that ends where a `/` is. */
function writePath(block: Buffer, path: Buffer, records: Map<string, Uint8Array>): void {
  const ascii = isAscii(path)
  const slash = ascii && path.length > 100 && path.length <= 256 ? path.indexOf('/', path.length - 101) : -1
  if (ascii && path.length <= 100) path.copy(block, 0)
  else if (slash > 0 && slash <= 155 && slash < path.length - 1) {
    path.copy(block, 0, slash + 1)
    path.copy(block, 345, 0, slash)
  } else {
    records.set('path', path)
    toAscii(path).copy(block, 0, 0, 100)
  }
}

function writeTime(block: Buffer, mtimeNs: bigint, records: Map<string, Uint8Array>): void {
  const seconds = mtimeNs < 0n ? 0 : Number(mtimeNs / 1_000_000_000n)
  const fits = writeOctal(block, 136, 12, seconds) && mtimeNs >= 0n && mtimeNs % 1_000_000_000n === 0n
  if (fits) return
  if (block[136] === 0) writeOctal(block, 136, 12, 0)
  records.set('mtime', Buffer.from(formatPaxTime(mtimeNs)))
}

function writeName(block: Buffer, at: number, key: string, name: string, records: Map<string, Uint8Array>): void {
  const bytes = encodePath(name)
  if (bytes.length <= 31 && isAscii(bytes)) bytes.copy(block, at)
  else records.set(key, bytes)
}

function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** The name in a PAX header's own block is for readers that know no PAX; Go's form of it. */
function paxHeader(path: Buffer, records: ReadonlyMap<string, Uint8Array>): Buffer {
  const payload = formatPax(records)
  const block = Buffer.alloc(BLOCK)
  const last =
    toAscii(path)
      .toString('latin1')
      .split('/')
      .findLast((part) => part !== '') ?? ''
  block.write(`PaxHeaders.0/${last}`.slice(0, 100), 0, 'latin1')
  writeOctal(block, 100, 8, 0o644)
  for (const at of [108, 116]) writeOctal(block, at, 8, 0)
  writeOctal(block, 124, 12, payload.length)
  writeOctal(block, 136, 12, 0)
  block.write('x', 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  writeChecksum(block)
  return Buffer.concat([block, payload, tarPadding(payload.length)])
}

function isAscii(bytes: Buffer): boolean {
  return bytes.every((byte) => byte < 0x80)
}

function toAscii(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => (byte < 0x80 ? byte : 0x5f)))
}

function invalid(entry: NewTarEntry, what: string): TarError {
  return new TarError('HEADER_INVALID', `Tar entry ${showPath(entry.path)} cannot be written: ${what}`)
}
