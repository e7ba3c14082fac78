import { crc32 } from 'node:zlib'
import { PIECE, type ByteStream } from './byte-stream.ts'
import { compressBlock, MOST_WORKERS } from './gzip-pool.ts'
import { rechunk } from './pieces.ts'

export interface GzipOptions {
  /** 1 to 9. Default 6. */
  readonly level?: number
  readonly signal?: AbortSignal | undefined
}

/** How far back deflate may refer: each block starts with the end of the one before. */
const WINDOW = 32_768
/** No name, no time, "unknown" system: the same bytes everywhere. */
const HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** Keeps all threads busy and memory bounded. */
const MOST_BLOCKS = MOST_WORKERS + 2

/**
 * One gzip member (RFC 1952), compressed in 1 MiB blocks on all cores. The output depends on the bytes and the level only,
 * not on the number of cores nor on how the source is cut; across versions of zlib it may differ.
 */
export async function* gzip(source: ByteStream, options: GzipOptions = {}): AsyncGenerator<Uint8Array> {
  const { level = 6, signal } = options
  const waiting: Promise<Uint8Array>[] = []
  let crc = 0
  let size = 0
  let dictionary: Uint8Array<ArrayBuffer> | undefined
  const submit = (data: Uint8Array<ArrayBuffer>, last: boolean): void => {
    crc = crc32(data, crc)
    size += data.length
    // Its buffer goes to the thread, so the end is copied first.
    const window = new Uint8Array(data.subarray(-WINDOW))
    waiting.push(compressBlock({ data, dictionary, level, last }))
    dictionary = window
  }

  yield HEADER
  // One block is held back: only the last may end the stream.
  let held: Uint8Array<ArrayBuffer> | undefined
  for await (const block of rechunk(source, PIECE)) {
    signal?.throwIfAborted()
    if (held !== undefined) submit(held, false)
    held = block
    while (waiting.length >= MOST_BLOCKS) yield await (waiting.shift() as Promise<Uint8Array>)
  }
  submit(held ?? new Uint8Array(0), true)
  for (const block of waiting) {
    signal?.throwIfAborted()
    yield await block
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(size % 2 ** 32, 4)
  yield trailer
}
