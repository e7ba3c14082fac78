import { PIECE, type ByteStream } from './byte-stream.ts'
import { StreamError } from './stream-error.ts'

/** The whole stream in memory. @throws StreamError TOO_LARGE past `limit` bytes */
export async function readAll(source: ByteStream, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of limitSize(source, limit)) pieces.push(piece.slice())
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}

/** @throws StreamError TOO_LARGE before yielding anything past `limit` bytes */
export async function* limitSize(source: ByteStream, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const piece of source) {
    size += piece.length
    if (size > limit) throw new StreamError('TOO_LARGE', `More than ${limit} bytes`)
    yield piece
  }
}

/** The same bytes in pieces of exactly `size`, but for the last. */
export async function* rechunk(source: ByteStream, size: number = PIECE): AsyncGenerator<Uint8Array> {
  let buffer = Buffer.allocUnsafe(size)
  let filled = 0
  for await (let piece of source) {
    while (piece.length > 0) {
      const taken = Math.min(piece.length, size - filled)
      buffer.set(piece.subarray(0, taken), filled)
      filled += taken
      piece = piece.subarray(taken)
      if (filled < size) break
      yield buffer
      // The consumer may have given the last one away.
      buffer = Buffer.allocUnsafe(size)
      filled = 0
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled)
}

export async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
