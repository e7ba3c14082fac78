import { assert } from '../kit/mod.ts'
import { decodeEntry, type Extensions, NO_EXTENSIONS } from './_entry.ts'
import { BLOCK, checksumHolds, type Header, isZeroBlock, readHeader } from './_header.ts'
import { parsePax } from './_pax.ts'
import { SparseMapReader } from './_sparse.ts'
import { decodePath } from './path-text.ts'
import type { SparseSegment, TarEntry } from './tar-entry.ts'
import { showPath, TarError } from './tar-error.ts'

/** Most bytes of one PAX header or GNU long name, as in Go's archive/tar. */
const EXTENSION_LIMIT = 1 << 20

/**
 * What a TarParser calls, in the order of the archive. Every byte of it comes exactly once, in order: as `data` the payloads, as `raw` all else
 * (extension records, headers, sparse maps, padding, the zero blocks and whatever is behind them); so the archive is what `raw` and `data` were given, joined.
 * Pieces are views of what was pushed: valid until the callback returns. A callback that throws ends the parsing.
 */
export interface TarHandler {
  /** The header bytes of an entry come before its `entry`, the padding after its `endEntry`; in pieces of any length. */
  raw(bytes: Uint8Array): void
  /** `offset` is where the payload starts in the archive. Payload that follows: `payloadSize(entry)` bytes. */
  entry(entry: TarEntry, offset: number): void
  /** The last entry's payload; of a sparse file its segments, one after the other. */
  data(bytes: Uint8Array): void
  endEntry(): void
  /** For people: something was passed over. */
  warning?(text: string): void
}

type State =
  | { readonly kind: 'header' }
  /** A PAX header or GNU long name is being collected. */
  | { readonly kind: 'extension'; readonly typeflag: string; readonly bytes: Buffer; filled: number; readonly where: number }
  | { readonly kind: 'map'; readonly entry: TarEntry; readonly reader: SparseMapReader; readonly stored: number; readonly where: number }
  | { readonly kind: 'payload' }
  /** Bytes that belong to no entry: padding, payload of unknown types. */
  | { readonly kind: 'skip' }
  /** One zero block was seen. */
  | { readonly kind: 'ending' }
  | { readonly kind: 'trailer' }

const HEADER: State = { kind: 'header' }
const PAYLOAD: State = { kind: 'payload' }
const SKIP: State = { kind: 'skip' }
const ENDING: State = { kind: 'ending' }
const TRAILER: State = { kind: 'trailer' }

/**
 * A push parser without I/O: give it the archive in pieces of any length, then call `end`. Bounded: it holds at most one extension record.
 * SPEC: POSIX pax; GNU tar manual, "Basic Tar Format". Where readers differ it does as Go's archive/tar, and so docker, does.
 * @throws TarError from `push` and `end`; the parser is dead then
 */
export class TarParser {
  readonly #handler: TarHandler
  #state: State = HEADER
  #extensions: Extensions = NO_EXTENSIONS
  /** Bytes left in `payload` and `skip`. */
  #left = 0
  /** Zero bytes that follow the payload. */
  #padding = 0
  /** A header block that came in two pieces. */
  readonly #block = Buffer.alloc(BLOCK)
  #blockFilled = 0
  /** Bytes of the archive consumed: where `#at` of the current piece is. */
  #offset = 0
  #piece: Buffer = Buffer.alloc(0)
  #at = 0
  /** Start of the bytes of the current piece that have not been given to `raw` yet. */
  #rawFrom = 0
  #path: string | undefined

  constructor(handler: TarHandler) {
    this.#handler = handler
  }

  push(piece: Uint8Array): void {
    this.#piece = Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    this.#at = 0
    this.#rawFrom = 0
    while (this.#at < this.#piece.length) this.#step(this.#state)
    this.#flushRaw()
  }

  /**
   * For a source that can seek: the payload bytes that would come next, if the last `push` ended within a payload; they count as pushed then,
   * and neither `data` nor any other callback sees them. 0 when there are none.
   */
  skipPayload(): number {
    if (this.#state.kind !== 'payload') return 0
    const skipped = this.#left
    this.#offset += skipped
    this.#left = 0
    this.#endPayload()
    return skipped
  }

  /** @throws TarError TRUNCATED when the archive stopped within an entry; one without zero blocks at its end is accepted, as by all readers */
  end(): void {
    const whole = this.#state.kind === 'header' || this.#state.kind === 'ending' || this.#state.kind === 'trailer'
    if (whole && this.#blockFilled === 0 && !hasPending(this.#extensions)) return
    const place = this.#path === undefined ? '' : ` in or after entry ${showPath(this.#path)}`
    throw new TarError('TRUNCATED', `The tar archive ends at offset ${this.#offset}${place}, before it is complete`)
  }

  #step(state: State): void {
    switch (state.kind) {
      case 'header':
      case 'ending':
        return this.#header()
      case 'extension':
        return this.#extension(state)
      case 'map':
        return this.#map(state)
      case 'payload':
        return this.#payload()
      case 'skip':
        return this.#skip()
      case 'trailer':
        return this.#advance(this.#piece.length - this.#at)
    }
  }

  #advance(count: number): void {
    this.#at += count
    this.#offset += count
  }

  #flushRaw(): void {
    if (this.#rawFrom < this.#at) this.#handler.raw(this.#piece.subarray(this.#rawFrom, this.#at))
    this.#rawFrom = this.#at
  }

  #header(): void {
    const available = this.#piece.length - this.#at
    if (this.#blockFilled === 0 && available >= BLOCK) {
      const at = this.#at
      this.#advance(BLOCK)
      return this.#readBlock(this.#piece, at)
    }
    const count = Math.min(BLOCK - this.#blockFilled, available)
    this.#piece.copy(this.#block, this.#blockFilled, this.#at, this.#at + count)
    this.#blockFilled += count
    this.#advance(count)
    if (this.#blockFilled < BLOCK) return
    this.#blockFilled = 0
    this.#readBlock(this.#block, 0)
  }

  #readBlock(block: Buffer, at: number): void {
    const where = this.#offset - BLOCK
    // A name always starts with a byte that is not zero, except in a zero block and in a header that has its name elsewhere.
    if (block[at] === 0 && isZeroBlock(block, at)) return this.#zeroBlock(where)
    if (this.#state.kind === 'ending')
      throw new TarError('HEADER_INVALID', `Invalid tar archive: a lone zero block before offset ${where}, with more behind it`)
    if (!checksumHolds(block, at)) throw this.#notHeader(where)
    const header = readHeader(block, at, where)
    if ('xgLK'.includes(header.typeflag)) this.#startExtension(header, where)
    else this.#startEntry(header, where)
  }

  #notHeader(where: number): TarError {
    if (where === 0) return new TarError('NOT_TAR', 'This is no tar archive: its first 512 bytes are no tar header')
    const place = this.#path === undefined ? '' : ` after entry ${showPath(this.#path)}`
    return new TarError('CHECKSUM_INVALID', `Invalid tar header at offset ${where}${place}: its checksum is wrong`)
  }

  #zeroBlock(where: number): void {
    if (hasPending(this.#extensions))
      throw new TarError('HEADER_INVALID', `Invalid tar archive at offset ${where}: an extension header has no entry`)
    this.#state = this.#state.kind === 'ending' ? TRAILER : ENDING
  }

  #startExtension(header: Header, where: number): void {
    // SECURITY: the length is the one in this very header. A PAX size is for the entry; applied here, it would hide or invent entries (CVE-2025-62518).
    if (header.size < 0 || header.size > EXTENSION_LIMIT)
      throw new TarError('TOO_LARGE', `Tar extension header at offset ${where} has ${header.size} bytes; the most is ${EXTENSION_LIMIT}`)
    const state: State = { kind: 'extension', typeflag: header.typeflag, bytes: Buffer.alloc(header.size), filled: 0, where }
    this.#state = state
    if (header.size === 0) this.#endExtension(state)
  }

  #extension(state: State & { kind: 'extension' }): void {
    const count = Math.min(state.bytes.length - state.filled, this.#piece.length - this.#at)
    this.#piece.copy(state.bytes, state.filled, this.#at, this.#at + count)
    state.filled += count
    this.#advance(count)
    if (state.filled === state.bytes.length) this.#endExtension(state)
  }

  #endExtension({ typeflag, bytes, where }: State & { kind: 'extension' }): void {
    const zero = bytes.indexOf(0)
    const text = (): string | undefined => decodePath(zero === -1 ? bytes : bytes.subarray(0, zero)) || undefined
    const extensions = this.#extensions
    if (typeflag === 'x') this.#extensions = { ...extensions, local: parsePax(bytes, `at offset ${where}`) }
    else if (typeflag === 'L') this.#extensions = { ...extensions, longPath: text() }
    else if (typeflag === 'K') this.#extensions = { ...extensions, longLink: text() }
    else this.#extensions = { ...extensions, global: new Map([...extensions.global, ...parsePax(bytes, `at offset ${where}`)]) }
    this.#startSkip(paddingOf(bytes.length))
  }

  #startEntry(header: Header, where: number): void {
    const { entry, stored, sparse } = decodeEntry(header, this.#extensions, where)
    const { global } = this.#extensions
    this.#extensions = global.size === 0 ? NO_EXTENSIONS : { ...NO_EXTENSIONS, global }
    this.#path = entry?.path ?? header.path
    this.#padding = paddingOf(stored)
    if (entry === undefined) {
      this.#handler.warning?.(`Passed over ${showPath(header.path)}: tar entry type ${showPath(header.typeflag)} is not known`)
      this.#startSkip(stored + this.#padding)
    } else if (sparse) this.#state = { kind: 'map', entry, reader: new SparseMapReader(), stored, where }
    else this.#startPayload(entry, stored)
  }

  #map({ entry, reader, stored, where }: State & { kind: 'map' }): void {
    this.#advance(reader.feed(this.#piece, this.#at, this.#piece.length) - this.#at)
    const fail = (what: string): TarError =>
      new TarError('SPARSE_INVALID', `Invalid sparse file ${showPath(entry.path)} at offset ${where}: ${what}`)
    if (reader.problem !== undefined) throw fail(reader.problem)
    if (reader.consumed > stored) throw fail('its map is longer than its payload')
    if (!reader.done) return
    const sparse: readonly SparseSegment[] | string = reader.segments(stored - reader.consumed, entry.size)
    if (typeof sparse === 'string') throw fail(sparse)
    this.#startPayload({ ...entry, sparse }, stored - reader.consumed)
  }

  #startPayload(entry: TarEntry, stored: number): void {
    this.#flushRaw()
    this.#handler.entry(entry, this.#offset)
    this.#left = stored
    this.#state = PAYLOAD
    if (stored === 0) this.#endPayload()
  }

  #payload(): void {
    const count = Math.min(this.#left, this.#piece.length - this.#at)
    this.#handler.data(this.#piece.subarray(this.#at, this.#at + count))
    this.#advance(count)
    this.#rawFrom = this.#at
    this.#left -= count
    if (this.#left === 0) this.#endPayload()
  }

  #endPayload(): void {
    this.#handler.endEntry()
    this.#startSkip(this.#padding)
  }

  #startSkip(count: number): void {
    this.#left = count
    this.#state = count === 0 ? HEADER : SKIP
  }

  #skip(): void {
    assert(this.#left > 0, 'nothing to skip')
    const count = Math.min(this.#left, this.#piece.length - this.#at)
    this.#advance(count)
    this.#left -= count
    if (this.#left === 0) this.#state = HEADER
  }
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

function hasPending({ local, longPath, longLink }: Extensions): boolean {
  return local.size > 0 || longPath !== undefined || longLink !== undefined
}
