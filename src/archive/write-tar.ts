import { type ByteStream, PIECE } from '../stream/mod.ts'
import type { NewTarEntry } from './tar-entry.ts'
import { showPath, TarError } from './tar-error.ts'
import { TAR_TRAILER, tarHeader, tarPadding } from './tar-header.ts'

export interface WriteEntry {
  readonly entry: NewTarEntry
  /** Exactly `entry.size` bytes; for files only. */
  readonly body?: ByteStream | undefined
}

/**
 * A tar of the entries, in pieces of about 1 MiB.
 * @throws TarError SIZE_MISMATCH from the loop when a body is not as long as its entry says
 */
export async function* writeTar(entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = []
  let size = 0
  for await (const part of partsOf(entries)) {
    // A body's piece may not be kept after its next one was asked for, so what is gathered is copied; what is large passes through.
    if (part.length < PIECE / 4) {
      gathered.push(part.slice())
      size += part.length
    }
    if (size >= PIECE || (part.length >= PIECE / 4 && size > 0)) {
      yield Buffer.concat(gathered, size)
      gathered = []
      size = 0
    }
    if (part.length >= PIECE / 4) yield part
  }
  if (size > 0) yield Buffer.concat(gathered, size)
}

async function* partsOf(entries: AsyncIterable<WriteEntry> | Iterable<WriteEntry>): AsyncGenerator<Uint8Array> {
  for await (const { entry, body } of entries) {
    yield tarHeader(entry)
    const size = entry.type === 'file' ? (entry.size ?? 0) : 0
    if (body !== undefined) yield* exactly(body, size, entry)
    else if (size > 0) throw mismatch(entry, size, 0)
    yield tarPadding(size)
  }
  yield TAR_TRAILER
}

async function* exactly(body: ByteStream, size: number, entry: NewTarEntry): AsyncGenerator<Uint8Array> {
  let got = 0
  for await (const piece of body) {
    got += piece.length
    if (got > size) throw mismatch(entry, size, got)
    yield piece
  }
  if (got !== size) throw mismatch(entry, size, got)
}

function mismatch(entry: NewTarEntry, want: number, got: number): TarError {
  return new TarError(
    'SIZE_MISMATCH',
    `Content of tar entry ${showPath(entry.path)} is not as long as announced: wanted ${want} bytes, got ${got}`,
  )
}
