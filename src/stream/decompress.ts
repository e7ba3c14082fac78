import { Readable } from 'node:stream'
import { createGunzip, createZstdCompress, createZstdDecompress, constants } from 'node:zlib'
import { pipeline } from 'node:stream/promises'
import type { Transform } from 'node:stream'
import { codeOf } from '../kit/mod.ts'
import type { Compression } from '../oci/mod.ts'
import { PIECE, type ByteStream } from './byte-stream.ts'
import { StreamError } from './stream-error.ts'

/** By the magic bytes, whatever a media type says: gzip 1f 8b, zstd 28 b5 2f fd (or a skippable frame 18 4d 2a 5x). */
export function sniffCompression(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd'
  if (((bytes[0] ?? 0) & 0xf0) === 0x50 && bytes[1] === 0x2a && bytes[2] === 0x4d && bytes[3] === 0x18) return 'zstd'
  return 'none'
}

/** Several gzip members are read as one. @throws StreamError TRUNCATED, COMPRESSION_INVALID */
export function gunzip(source: ByteStream): ByteStream {
  return through(source, createGunzip({ chunkSize: PIECE }), 'gzip')
}

/** @throws StreamError TRUNCATED, COMPRESSION_INVALID */
export function unzstd(source: ByteStream): ByteStream {
  return through(source, createZstdDecompress({ chunkSize: PIECE }), 'zstd')
}

/** Level 3, one thread: the threads of Node's zstd fail. */
export function zstd(source: ByteStream, options: { readonly level?: number } = {}): ByteStream {
  const params = { [constants.ZSTD_c_compressionLevel]: options.level ?? 3, [constants.ZSTD_c_checksumFlag]: 1 }
  return through(source, createZstdCompress({ chunkSize: PIECE, params }), 'zstd')
}

/** Plain bytes of a gzip, zstd or plain stream, told apart by its first bytes. */
export async function* decompress(source: ByteStream): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  try {
    let head = Buffer.alloc(0)
    while (head.length < 4) {
      const { value, done } = await iterator.next()
      if (done === true) break
      head = Buffer.concat([head, value])
    }
    const whole = prepend(head, iterator)
    const compression = sniffCompression(head)
    yield* compression === 'gzip' ? gunzip(whole) : compression === 'zstd' ? unzstd(whole) : whole
  } finally {
    await iterator.return?.()
  }
}

async function* prepend(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  for (;;) {
    const { value, done } = await rest.next()
    if (done === true) return
    yield value
  }
}

async function* through(source: ByteStream, transform: Transform, kind: string): AsyncGenerator<Uint8Array> {
  const feeding = pipeline(Readable.from(source, { objectMode: true, highWaterMark: 1 }), transform)
  // It is awaited below; until then a failure must not count as unhandled.
  feeding.catch(() => {})
  try {
    yield* transform as AsyncIterable<Uint8Array>
    await feeding
  } catch (error) {
    throw explain(error, kind)
  } finally {
    transform.destroy()
    // Only when the source has been closed too is nothing left behind.
    await feeding.catch(() => {})
  }
}

function explain(error: unknown, kind: string): unknown {
  const code = codeOf(error)
  if (code === 'Z_BUF_ERROR') return new StreamError('TRUNCATED', `The ${kind} data ends too early`, { cause: error })
  if (code === 'Z_DATA_ERROR' || code?.startsWith('ZSTD_error') === true || code?.startsWith('Z_') === true) {
    return new StreamError('COMPRESSION_INVALID', `Invalid ${kind} data: ${(error as Error).message}`, { cause: error })
  }
  return error
}
