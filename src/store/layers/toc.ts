import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { decodePath, encodePath, payloadSize, TarParser, type SparseSegment, type TarEntry } from '../../archive/mod.ts'
import { StoreError } from '../store-error.ts'

/**
 * A layer's table of contents: its tar without the payloads. The tar is all records joined, each payload taken from the unpacked files.
 *
 *     "LTOC1\n", then blocks: u32 length, zstd frame of about 1 MiB of records
 *     record: u8 kind, u32 length of the body, body
 *       kind 0  bytes of the tar as they are
 *       kind 1  a payload: u64 size, 32 bytes SHA-256, u8 place (0 layer, 1 kept aside), u32 segments, (u64 offset, u64 length)…, path
 *
 * All numbers little-endian. A payload's path is where its file is in the unpacked layer, or in `<layer>.extra` for a file that a later entry of the
 * same tar has replaced. Segments are set for sparse files only.
 */
const MAGIC = Buffer.from('LTOC1\n')
const BLOCK = 1 << 20
const KIND = { raw: 0, payload: 1 } as const

export interface PayloadRecord {
  readonly path: string
  readonly isKeptAside: boolean
  readonly size: number
  /** Of the payload's bytes in the tar. */
  readonly sha256: Buffer
  readonly segments: readonly SparseSegment[] | undefined
}

export type TocRecord = { readonly kind: 'raw'; readonly bytes: Buffer } | ({ readonly kind: 'payload' } & PayloadRecord)

/** Writes records in order; memory stays at one block. */
export class TocWriter {
  readonly #fd: number
  #parts: Buffer[] = []
  #size = 0

  constructor(path: string) {
    this.#fd = openSync(path, 'wx', 0o600)
    writeSync(this.#fd, MAGIC)
  }

  raw(bytes: Uint8Array): void {
    this.#record(KIND.raw, Buffer.from(bytes))
  }

  payload(record: PayloadRecord): void {
    const segments = record.segments ?? []
    const path = encodePath(record.path)
    const head = Buffer.alloc(45 + segments.length * 16)
    head.writeBigUInt64LE(BigInt(record.size), 0)
    record.sha256.copy(head, 8)
    head.writeUInt8(record.isKeptAside ? 1 : 0, 40)
    head.writeUInt32LE(segments.length, 41)
    for (const [i, { offset, length }] of segments.entries()) {
      head.writeBigUInt64LE(BigInt(offset), 45 + i * 16)
      head.writeBigUInt64LE(BigInt(length), 53 + i * 16)
    }
    this.#record(KIND.payload, Buffer.concat([head, path]))
  }

  close(): void {
    this.#flush()
    closeSync(this.#fd)
  }

  #record(kind: number, body: Buffer): void {
    const head = Buffer.alloc(5)
    head.writeUInt8(kind, 0)
    head.writeUInt32LE(body.length, 1)
    this.#parts.push(head, body)
    this.#size += head.length + body.length
    if (this.#size >= BLOCK) this.#flush()
  }

  #flush(): void {
    if (this.#size === 0) return
    const frame = zstdCompressSync(Buffer.concat(this.#parts))
    const head = Buffer.alloc(4)
    head.writeUInt32LE(frame.length, 0)
    writeSync(this.#fd, Buffer.concat([head, frame]))
    this.#parts = []
    this.#size = 0
  }
}

/** The records of a toc file in order. @throws StoreError LAYER_DAMAGED when it is no whole toc */
export function* readToc(path: string): Generator<TocRecord> {
  const fd = openSync(path, 'r')
  try {
    let at = 0
    const read = (length: number): Buffer => {
      const buffer = Buffer.alloc(length)
      let filled = 0
      for (let n = -1; filled < length && n !== 0; filled += n) n = readSync(fd, buffer, filled, length - filled, at + filled)
      at += filled
      return buffer.subarray(0, filled)
    }
    if (!read(MAGIC.length).equals(MAGIC)) throw damaged(path, 'it does not start as one')
    for (let head = read(4); head.length > 0; head = read(4)) {
      if (head.length < 4) throw damaged(path, 'it ends too early')
      const frame = read(head.readUInt32LE(0))
      yield* decodeBlock(path, decompressBlock(path, frame))
    }
  } finally {
    closeSync(fd)
  }
}

function decompressBlock(path: string, frame: Buffer): Buffer {
  try {
    return zstdDecompressSync(frame)
  } catch (error) {
    throw damaged(path, (error as Error).message)
  }
}

function* decodeBlock(path: string, block: Buffer): Generator<TocRecord> {
  for (let at = 0; at < block.length;) {
    const end = at + 5 + block.readUInt32LE(at + 1)
    if (end > block.length) throw damaged(path, 'a record is cut')
    const body = block.subarray(at + 5, end)
    yield block[at] === KIND.raw ? { kind: 'raw', bytes: body } : { kind: 'payload', ...decodePayload(body) }
    at = end
  }
}

function decodePayload(body: Buffer): PayloadRecord {
  const count = body.readUInt32LE(41)
  const segments = Array.from({ length: count }, (_, i) => ({
    offset: Number(body.readBigUInt64LE(45 + i * 16)),
    length: Number(body.readBigUInt64LE(53 + i * 16)),
  }))
  return {
    size: Number(body.readBigUInt64LE(0)),
    sha256: body.subarray(8, 40),
    isKeptAside: body[40] === 1,
    segments: count === 0 ? undefined : segments,
    path: decodePath(body.subarray(45 + count * 16)),
  }
}

export interface TocEntry {
  readonly entry: TarEntry
  /** Of files with bytes. */
  readonly payload: PayloadRecord | undefined
}

/** The tar's entries in order, each with its payload's record; no file is read. */
export function* tocEntries(path: string): Generator<TocEntry> {
  const found: TarEntry[] = []
  const parser = new TarParser({ raw() {}, data() {}, endEntry() {}, entry: (entry) => void found.push(entry) })
  for (const record of readToc(path)) {
    if (record.kind === 'raw') {
      parser.push(record.bytes)
      while (found.length > 0 && payloadSize(found[0] as TarEntry) === 0) yield { entry: found.shift() as TarEntry, payload: undefined }
    } else {
      parser.skipPayload()
      const entry = found.shift()
      if (entry === undefined) throw damaged(path, 'a payload belongs to no entry')
      yield { entry, payload: record }
    }
  }
}

function damaged(path: string, problem: string): StoreError {
  return new StoreError('LAYER_DAMAGED', `The table of contents ${path} is damaged: ${problem}`, {
    hint: "'lamina verify' sets it aside; then pull or build the image again",
  })
}
