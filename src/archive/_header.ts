import { parseNumber } from './_numbers.ts'
import { decodePathSlice } from './path-text.ts'
import { TarError } from './tar-error.ts'

export const BLOCK = 512

/** The fixed fields of one header block, before any extension record is applied. */
export interface Header {
  /** One character; `\0` for the oldest archives' files. */
  readonly typeflag: string
  readonly path: string
  readonly linkPath: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds. */
  readonly mtime: number
  readonly size: number
  readonly uname: string
  readonly gname: string
  readonly devMajor: number
  readonly devMinor: number
}

type Format = 'v7' | 'ustar' | 'star' | 'gnu'

export function isZeroBlock(buffer: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (buffer[i] !== 0) return false
  return true
}

/** True when the block's checksum holds, summed as unsigned bytes (POSIX) or as signed ones (some old tars). */
export function checksumHolds(buffer: Buffer, at: number): boolean {
  const want = parseNumber(buffer, at + 148, 8)
  // The checksum's own field counts as blanks.
  let unsigned = 8 * 0x20
  let high = 0
  for (let i = at; i < at + BLOCK; i++) {
    if (i === at + 148) i += 8
    const byte = buffer[i] ?? 0
    unsigned += byte
    high += byte >> 7
  }
  return want === unsigned || want === unsigned - 256 * high
}

/**
 * Reads the header block at `at`, whose checksum holds. `where` is for messages: the block's offset in the archive.
 * @throws TarError HEADER_INVALID
 */
export function readHeader(buffer: Buffer, at: number, where: number): Header {
  const format = formatOf(buffer, at)
  const typeflag = String.fromCharCode(buffer[at + 156] ?? 0)
  const number = (name: string, from: number, length: number): number => {
    const value = parseNumber(buffer, at + from, length)
    if (value === undefined) throw new TarError('HEADER_INVALID', `Invalid tar header at offset ${where}: ${name} is no number`)
    return value
  }
  const named = format !== 'v7'
  const isDevice = named && (typeflag === '3' || typeflag === '4')
  const name = textField(buffer, at, 100)
  const prefix = named ? prefixField(buffer, at, format) : ''
  return {
    typeflag,
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: buffer[at + 157] === 0 ? '' : textField(buffer, at + 157, 100),
    mode: number('the mode', 100, 8),
    uid: number('the user ID', 108, 8),
    gid: number('the group ID', 116, 8),
    size: number('the size', 124, 12),
    mtime: number('the modification time', 136, 12),
    uname: named && buffer[at + 265] !== 0 ? textField(buffer, at + 265, 32) : '',
    gname: named && buffer[at + 297] !== 0 ? textField(buffer, at + 297, 32) : '',
    devMajor: isDevice ? number('the device number', 329, 8) : 0,
    devMinor: isDevice ? number('the device number', 337, 8) : 0,
  }
}

function formatOf(buffer: Buffer, at: number): Format {
  // `ustar`
  const magic = buffer[at + 257] === 0x75 && buffer[at + 258] === 0x73 && buffer[at + 259] === 0x74 && buffer[at + 260] === 0x61
  if (!magic || buffer[at + 261] !== 0x72) return 'v7'
  if (buffer[at + 262] === 0x20) return 'gnu'
  return buffer[at + 508] === 0x74 && buffer[at + 509] === 0x61 && buffer[at + 510] === 0x72 && buffer[at + 511] === 0 ? 'star' : 'ustar'
}

function prefixField(buffer: Buffer, at: number, format: Format): string {
  if (buffer[at + 345] === 0) return ''
  if (format === 'gnu') {
    // GNU has times there; but Go before 1.8, and so old docker, wrote a prefix into a header that claims to be GNU's.
    return parseNumber(buffer, at + 345, 12) === undefined ? asciiField(buffer, at + 345, 155) : ''
  }
  return textField(buffer, at + 345, format === 'star' ? 131 : 155)
}

function asciiField(buffer: Buffer, start: number, length: number): string {
  const text = textField(buffer, start, length)
  return /^[\x20-\x7e]*$/.test(text) ? text : ''
}

function textField(buffer: Buffer, start: number, length: number): string {
  let end = start
  while (end < start + length && buffer[end] !== 0) end++
  return decodePathSlice(buffer, start, end)
}
