import { open } from 'node:fs/promises'
import { PIECE } from '../../../stream/mod.ts'

/** Bytes that all readers together may have in memory. */
const BUDGET = 32 << 20
const LEAST = 64 << 10
/** Whole pieces at rest, to be used again: allocating and clearing them costs a third of the reading. */
const MOST_IDLE = 8

const idle: Buffer[] = []
let readers = 0

export interface PieceRange {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly signal: AbortSignal
}

/**
 * Bytes of a file from two buffers in turn: the next piece is read while the consumer has this one.
 * A piece may be used until the next one is asked for. Many readers at once get smaller pieces, so that they cannot fill the memory.
 */
export async function* filePieces(path: string, { start, end, signal }: PieceRange): AsyncGenerator<Uint8Array> {
  await using file = await open(path, 'r')
  readers++
  const size = Math.min(PIECE, end - start, Math.max(LEAST, Math.floor(BUDGET / (2 * readers))))
  const buffers = end - start > size ? [take(size), take(size)] : [take(size)]
  /** The next piece; while it is with the consumer the one after it goes into the other buffer. */
  const read = async (turn: number, at: number): Promise<Buffer> => {
    const buffer = buffers[turn % buffers.length] as Buffer
    const { bytesRead } = await file.read(buffer, 0, Math.min(size, end - at), at)
    // SECURITY: break off, or the client would take a part for the whole.
    if (bytesRead === 0) throw new Error(`Blob file ${path} ends at ${at}, before ${end}`)
    return buffer.subarray(0, bytesRead)
  }
  let next = read(0, start)
  try {
    for (let [turn, at] = [0, start]; at < end; turn++) {
      const piece = await next
      signal.throwIfAborted()
      at += piece.byteLength
      if (at < end) {
        next = read(turn + 1, at)
        next.catch(() => {})
      }
      yield piece
    }
  } finally {
    readers--
    // A read that is still under way writes into its buffer.
    await next.catch(() => {})
    for (const buffer of buffers) give(buffer)
  }
}

function take(size: number): Buffer {
  return (size === PIECE ? idle.pop() : undefined) ?? Buffer.allocUnsafeSlow(size)
}

function give(buffer: Buffer): void {
  if (buffer.byteLength === PIECE && idle.length < MOST_IDLE) idle.push(buffer)
}
