import { decodePath, encodePath } from './path-text.ts'
import { TarError } from './tar-error.ts'

/** PAX records by key; values are bytes. SPEC: POSIX pax, "pax Extended Header". */
export type PaxRecords = ReadonlyMap<string, Buffer>

/**
 * Parses `length key=value\n` records; of equal keys the last counts. Values may hold newlines and NULs: only the length ends them.
 * @throws TarError HEADER_INVALID
 */
export function parsePax(bytes: Buffer, where: string): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at)
    const digits = blank === -1 ? '' : bytes.toString('latin1', at, Math.min(blank, at + 20))
    if (!/^[0-9]+$/.test(digits)) {
      if (bytes.subarray(at).every((byte) => byte === 0)) break
      throw bad(where, 'a record does not start with its length')
    }
    const end = at + Number(digits)
    if (end > bytes.length || end <= blank + 1 || bytes[end - 1] !== 0x0a) throw bad(where, `a record's length ${digits} is wrong`)
    const equals = bytes.indexOf(0x3d, blank + 1)
    if (equals === -1 || equals >= end || equals === blank + 1) throw bad(where, 'a record has no key')
    records.set(decodePath(bytes.subarray(blank + 1, equals)), bytes.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

/** Records sorted bytewise by key, so that equal entries give equal bytes. */
export function formatPax(records: ReadonlyMap<string, Uint8Array>): Buffer {
  const encoded = [...records].map(([key, value]) => ({ key: encodePath(key), value }))
  encoded.sort((a, b) => Buffer.compare(a.key, b.key))
  return Buffer.concat(encoded.map(({ key, value }) => formatRecord(key, value)))
}

/** The length counts itself. */
function formatRecord(key: Uint8Array, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3
  let length = rest + String(rest).length
  if (String(length).length !== String(rest).length) length = rest + String(length).length
  return Buffer.concat([Buffer.from(`${length} `, 'latin1'), key, Buffer.from('='), value, Buffer.from('\n')])
}

/** `[-]seconds[.fraction]` in nanoseconds; digits past the ninth are cut off towards the past. Undefined when malformed or past 2^63 seconds. */
export function parsePaxTime(text: string): bigint | undefined {
  const match = /^(-?)([0-9]{1,19})(?:\.([0-9]*))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '0', fraction = ''] = match
  const seconds = BigInt(whole)
  if (seconds >= 1n << 63n) return undefined
  const value = seconds * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  if (sign === '') return value
  return /[1-9]/.test(fraction.slice(9)) ? -value - 1n : -value
}

export function formatPaxTime(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  const whole = (size / 1_000_000_000n).toString()
  return `${nanoseconds < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

const SCHILY = 'SCHILY.xattr.'
const LIBARCHIVE = 'LIBARCHIVE.xattr.'

/** The extended attributes among PAX records: star's form, which docker and GNU tar write; libarchive's where there is no other. */
export function xattrsOf(records: PaxRecords): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const [key, value] of records) {
    if (!key.startsWith(LIBARCHIVE)) continue
    const name = unescapeUrl(key.slice(LIBARCHIVE.length))
    if (name !== undefined && isXattrName(name)) found.set(name, Buffer.from(value.toString('latin1'), 'base64'))
  }
  for (const [key, value] of records) {
    if (!key.startsWith(SCHILY)) continue
    // GNU tar writes `=`, which would end the key, as %3D, and so % as %25.
    const name = key.slice(SCHILY.length).replace(/%3D|%25/g, (escaped) => (escaped === '%3D' ? '=' : '%'))
    if (isXattrName(name)) found.set(name, value)
  }
  return found
}

export function xattrKey(name: string): string {
  return SCHILY + name.replace(/[=%]/g, (character) => (character === '=' ? '%3D' : '%25'))
}

function isXattrName(name: string): boolean {
  return name !== '' && !name.includes('\0')
}

function unescapeUrl(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function bad(where: string, what: string): TarError {
  return new TarError('HEADER_INVALID', `Invalid PAX header ${where}: ${what}`)
}
