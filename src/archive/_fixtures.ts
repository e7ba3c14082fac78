import { TarParser } from './tar-parser.ts'
import type { TarEntry } from './tar-entry.ts'

/** One header block, field by field, with a right checksum: for archives that no decent writer makes. */
export interface RawHeader {
  readonly name?: string | Uint8Array
  readonly typeflag?: string
  readonly mode?: string
  readonly uid?: string | Uint8Array
  readonly gid?: string | Uint8Array
  /** A number is written in octal. */
  readonly size?: number | string | Uint8Array
  readonly mtime?: string | Uint8Array
  readonly link?: string
  readonly magic?: string
  readonly devMajor?: string
  readonly devMinor?: string
  readonly prefix?: string
  /** Sum the bytes as signed ones. */
  readonly signed?: boolean
  readonly checksum?: string
}

export function rawHeader(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512)
  const put = (at: number, value: string | Uint8Array): void => {
    block.set(typeof value === 'string' ? Buffer.from(value) : value, at)
  }
  const { size = 0 } = fields
  put(0, fields.name ?? 'name')
  put(100, fields.mode ?? '0000644\0')
  put(108, fields.uid ?? '0000000\0')
  put(116, fields.gid ?? '0000000\0')
  put(124, typeof size === 'number' ? `${size.toString(8).padStart(11, '0')}\0` : size)
  put(136, fields.mtime ?? '00000000000\0')
  put(148, '        ')
  put(156, fields.typeflag ?? '0')
  put(157, fields.link ?? '')
  put(257, fields.magic ?? 'ustar\x0000')
  put(329, fields.devMajor ?? '')
  put(337, fields.devMinor ?? '')
  put(345, fields.prefix ?? '')
  const sum = block.reduce((total, byte) => total + (fields.signed === true && byte > 127 ? byte - 256 : byte), 0)
  put(148, fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `)
  return block
}

export function padded(bytes: Uint8Array | string): Buffer {
  const data = Buffer.from(bytes as Uint8Array)
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

/** An extension header (`x`, `g`, `L`, `K`) with its content. */
export function extension(typeflag: string, content: Uint8Array | string, fields: RawHeader = {}): Buffer {
  return Buffer.concat([rawHeader({ name: 'ext', typeflag, size: Buffer.byteLength(content), ...fields }), padded(content)])
}

/** A PAX record with the right length. */
export function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + 1
  while (rest + String(length).length !== length) length++
  return `${length} ${key}=${value}\n`
}

export const pax = (records: Readonly<Record<string, string>>, typeflag = 'x'): Buffer =>
  extension(
    typeflag,
    Object.entries(records)
      .map(([key, value]) => record(key, value))
      .join(''),
  )

export const END = Buffer.alloc(1024)

export interface Parsed {
  readonly entries: readonly TarEntry[]
  readonly payloads: readonly Buffer[]
  /** Where each payload starts. */
  readonly offsets: readonly number[]
  /** `raw` and `data`, joined in the order in which they came. */
  readonly all: Buffer
  readonly warnings: readonly string[]
}

/** Parses an archive given in pieces of `pieceSize` bytes; the memory of a piece is overwritten after its push. */
export function parseTar(archive: Uint8Array, pieceSize = archive.length): Parsed {
  const entries: TarEntry[] = []
  const payloads: Buffer[][] = []
  const offsets: number[] = []
  const all: Buffer[] = []
  const warnings: string[] = []
  const parser = new TarParser({
    raw: (bytes) => all.push(Buffer.from(bytes)),
    entry(entry, offset) {
      entries.push(entry)
      payloads.push([])
      offsets.push(offset)
    },
    data(bytes) {
      all.push(Buffer.from(bytes))
      payloads.at(-1)?.push(Buffer.from(bytes))
    },
    endEntry() {},
    warning: (text) => warnings.push(text),
  })
  const piece = Buffer.alloc(Math.max(1, pieceSize))
  for (let at = 0; at < archive.length; at += piece.length) {
    const part = archive.subarray(at, at + piece.length)
    piece.set(part)
    parser.push(piece.subarray(0, part.length))
    piece.fill(0xaa)
  }
  parser.end()
  return { entries, payloads: payloads.map((parts) => Buffer.concat(parts)), offsets, all: Buffer.concat(all), warnings }
}
