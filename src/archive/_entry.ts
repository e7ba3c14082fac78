import type { Header } from './_header.ts'
import { type PaxRecords, parsePaxTime, xattrsOf } from './_pax.ts'
import { decodePath } from './path-text.ts'
import type { TarEntry, TarEntryType } from './tar-entry.ts'
import { showPath, TarError } from './tar-error.ts'

/** Extension records that wait for the entry they belong to. */
export interface Extensions {
  readonly global: PaxRecords
  readonly local: PaxRecords
  /** GNU long names. */
  readonly longPath: string | undefined
  readonly longLink: string | undefined
}

const TYPES: ReadonlyMap<string, TarEntryType> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['7', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
])

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map()
const NO_RECORDS: PaxRecords = new Map()
export const NO_EXTENSIONS: Extensions = { global: NO_RECORDS, local: NO_RECORDS, longPath: undefined, longLink: undefined }

/** An entry, or undefined for a type that we do not know; `stored` is the number of payload bytes that follow the header. */
export interface DecodedEntry {
  readonly entry: TarEntry | undefined
  readonly stored: number
  /** PAX 1.0: the payload starts with a map, and `entry.size` is the expanded size. */
  readonly sparse: boolean
}

/**
 * Joins a header and its extensions. Precedence as Go's archive/tar, and so docker: GNU long name, then PAX, then the header; an empty record means the header's.
 * @throws TarError HEADER_INVALID, SPARSE_UNSUPPORTED
 */
export function decodeEntry(header: Header, extensions: Extensions, where: number): DecodedEntry {
  const { local, global } = extensions
  const plain = local.size === 0 && global.size === 0
  const record = (key: string, source: PaxRecords = local): string | undefined => {
    const value = plain ? undefined : source.get(key)
    return value === undefined || value.length === 0 ? undefined : decodePath(value)
  }
  // SECURITY: a global header may not name or size an entry: readers disagree there, and one of them would see other files.
  const inherited = (key: string): string | undefined => record(key) ?? record(key, global)

  const path = extensions.longPath ?? record('path') ?? header.path
  const fail = (what: string): TarError => new TarError('HEADER_INVALID', `Invalid tar entry ${showPath(path)} at offset ${where}: ${what}`)
  const integer = (key: string, value: string | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise
    const parsed = /^-?[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (!Number.isSafeInteger(parsed)) throw fail(`its PAX ${key} is no number`)
    return parsed
  }

  const linkPath = extensions.longLink ?? record('linkpath') ?? header.linkPath
  if (path.includes('\0') || linkPath.includes('\0')) throw fail('its path contains a NUL')
  // Only a header without extension can be from before directories had a type.
  const type = header.typeflag === '\0' && path.endsWith('/') ? 'directory' : TYPES.get(header.typeflag)
  if (header.typeflag === 'S') throw sparseUnsupported(path, where, 'GNU')
  const hasPayload = type === 'file' || type === undefined
  const stored = hasPayload ? integer('size', record('size'), header.size) : 0
  const sparse = type === 'file' && !plain ? sparseForm(local, path, where) : undefined
  const uid = integer('uid', inherited('uid'), header.uid)
  const gid = integer('gid', inherited('gid'), header.gid)
  // SECURITY: chown takes -1 as "leave it", so 2^32-1 would silently give the file to whoever extracts.
  if (uid < 0 || uid >= 0xffff_ffff || gid < 0 || gid >= 0xffff_ffff) throw fail(`its owner ${uid}:${gid} is out of range`)
  if (stored < 0) throw fail(`its size ${stored} is negative`)
  if (type === undefined) return { entry: undefined, stored, sparse: false }

  const isDevice = type === 'character' || type === 'block'
  const time = inherited('mtime')
  const mtimeNs = time === undefined ? BigInt(header.mtime) * 1_000_000_000n : parsePaxTime(time)
  if (mtimeNs === undefined) throw fail(`its PAX mtime ${showPath(time ?? '')} is no time`)
  const size = sparse ? integer('GNU.sparse.realsize', record('GNU.sparse.realsize') ?? record('GNU.sparse.size'), -1) : stored
  if (size < 0) throw fail('it is sparse and has no real size')
  return {
    stored,
    sparse: sparse === true,
    entry: {
      path: sparse ? (record('GNU.sparse.name') ?? path) : path,
      type,
      mode: header.mode & 0o7777,
      uid,
      gid,
      uname: inherited('uname') ?? header.uname,
      gname: inherited('gname') ?? header.gname,
      size,
      mtimeNs,
      linkPath: type === 'symlink' || type === 'hardlink' ? linkPath : '',
      devMajor: isDevice ? header.devMajor : 0,
      devMinor: isDevice ? header.devMinor : 0,
      xattrs: plain ? NO_XATTRS : joinXattrs(global, local),
    },
  }
}

function joinXattrs(global: PaxRecords, local: PaxRecords): ReadonlyMap<string, Uint8Array> {
  const found = new Map([...xattrsOf(global), ...xattrsOf(local)])
  return found.size === 0 ? NO_XATTRS : found
}

/** True for PAX 1.0, false for a file that is not sparse. */
function sparseForm(records: PaxRecords, path: string, where: number): boolean {
  const major = records.get('GNU.sparse.major')?.toString('latin1')
  const minor = records.get('GNU.sparse.minor')?.toString('latin1')
  if (major === '1' && minor === '0') return true
  if (major !== undefined || minor !== undefined || records.has('GNU.sparse.map') || records.has('GNU.sparse.numblocks'))
    throw sparseUnsupported(path, where, `PAX ${major ?? '0'}.${minor ?? '0'}`)
  return false
}

function sparseUnsupported(path: string, where: number, form: string): TarError {
  return new TarError(
    'SPARSE_UNSUPPORTED',
    `Tar entry ${showPath(path)} at offset ${where} is a sparse file in ${form} form, which is not read`,
    {
      hint: 'Make the archive without --sparse, or with --format=posix --sparse-version=1.0.',
    },
  )
}
