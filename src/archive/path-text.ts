import { showPath, TarError } from './tar-error.ts'

/**
 * Path bytes as text: UTF-8; every byte that is no part of valid UTF-8 becomes a lone surrogate U+DC80–U+DCFF (Python's surrogateescape).
 * `encodePath(decodePath(b))` equals `b` for all bytes.
 */
export function decodePath(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes)
  return decodePathSlice(buffer, 0, buffer.length)
}

/** `decodePath` of a part of a buffer, without making a view of it. */
export function decodePathSlice(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end)
  return text.includes('\ufffd') ? decodeEscaped(buffer.subarray(start, end)) : text
}

/**
 * The bytes that `text` stands for.
 * @throws TarError PATH_INVALID for a lone surrogate that `decodePath` cannot have made
 */
export function encodePath(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts: Buffer[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0xd800 || unit > 0xdfff) continue
    const next = text.charCodeAt(at + 1)
    if (unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
      at++
      continue
    }
    if (unit < 0xdc80 || unit > 0xdcff)
      throw new TarError('PATH_INVALID', `Path ${showPath(text)} has a lone surrogate that stands for no byte`)
    parts.push(Buffer.from(text.slice(from, at), 'utf8'), Buffer.of(unit - 0xdc00))
    from = at + 1
  }
  parts.push(Buffer.from(text.slice(from), 'utf8'))
  return Buffer.concat(parts)
}

/** Bytewise order of the encoded forms: the order of our layers' entries. UTF-16 order differs from U+D800 on. */
export function comparePaths(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let at = 0; at < shorter; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    return left < 0xd800 && right < 0xd800 ? left - right : Buffer.compare(encodePath(a), encodePath(b))
  }
  return a.length - b.length
}

/** `text` as node:fs takes it: the bytes when it has escapes, else itself. */
export function fsPath(text: string): string | Buffer {
  return text.isWellFormed() ? text : encodePath(text)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function decodeEscaped(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    text += length === 0 ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length)
    at += length === 0 ? 1 : length
  }
  return text
}

/** Bytes of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0. */
function sequenceLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const second = bytes[at + 1] ?? 0
  const [length, low, high] = secondByteRange(lead)
  if (length === 0 || second < low || second > high) return 0
  for (let next = 2; next < length; next++) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

function secondByteRange(lead: number): readonly [length: number, low: number, high: number] {
  if (lead >= 0xc2 && lead <= 0xdf) return [2, 0x80, 0xbf]
  if (lead === 0xe0) return [3, 0xa0, 0xbf]
  if (lead === 0xed) return [3, 0x80, 0x9f]
  if (lead >= 0xe1 && lead <= 0xef) return [3, 0x80, 0xbf]
  if (lead === 0xf0) return [4, 0x90, 0xbf]
  if (lead >= 0xf1 && lead <= 0xf3) return [4, 0x80, 0xbf]
  if (lead === 0xf4) return [4, 0x80, 0x8f]
  return [0, 0, 0]
}
