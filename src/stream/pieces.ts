import { PIECE, type ByteStream } from './byte-stream.ts'
import { StreamError } from './stream-error.ts'

/** The whole stream in memory. @throws StreamError TOO_LARGE past `limit` bytes */
export async function readAll(source: ByteStream, limit: number): Promise<Uint8Array> {
  // Copies: a piece is ours only until the next is asked for.
  const pieces: Uint8Array[] = []
  for await (const piece of limitSize(source, limit)) pieces.push(new Uint8Array(piece))
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

/** The same bytes in pieces of exactly `size`, but for the last. Each has a buffer of its own, which the consumer may keep or give away. */
export async function* rechunk(source: ByteStream, size: number = PIECE): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let buffer = Buffer.allocUnsafeSlow(size)
  let filled = 0
  for await (let piece of source) {
    while (piece.length > 0) {
      const taken = Math.min(piece.length, size - filled)
      buffer.set(piece.subarray(0, taken), filled)
      filled += taken
      piece = piece.subarray(taken)
      if (filled < size) break
      yield buffer
      buffer = Buffer.allocUnsafeSlow(size)
      filled = 0
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled)
}

export async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}
