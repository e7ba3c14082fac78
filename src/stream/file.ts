import { open } from 'node:fs/promises'
import { PIECE, type ByteStream } from './byte-stream.ts'

export interface FileRange {
  readonly start?: number | undefined
  /** Exclusive. */
  readonly end?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A file's bytes in 1 MiB pieces; closed at the end and when the consumer stops early. */
export async function* fileStream(path: string, range: FileRange = {}): AsyncGenerator<Uint8Array> {
  await using file = await open(path, 'r')
  let at = range.start ?? 0
  const end = range.end ?? Number.POSITIVE_INFINITY
  while (at < end) {
    range.signal?.throwIfAborted()
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, end - at))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

export interface WriteFileOptions {
  /** fsync before it resolves. */
  readonly flush?: boolean
  /** Go on after what is there. */
  readonly append?: boolean
  readonly signal?: AbortSignal | undefined
  /** Bytes written by this call so far. */
  readonly onBytes?: ((done: number) => void) | undefined
}

/** Writes the stream to a file; what was written before a failure stays there. Gives the bytes written. */
export async function writeFileFrom(path: string, source: ByteStream, options: WriteFileOptions = {}): Promise<number> {
  await using file = await open(path, options.append === true ? 'a' : 'w')
  let size = 0
  for await (const piece of source) {
    options.signal?.throwIfAborted()
    for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten
    size += piece.length
    options.onBytes?.(size)
  }
  if (options.flush === true) await file.sync()
  return size
}
