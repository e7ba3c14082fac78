import { createHash, hash } from 'node:crypto'
import { algorithmOf, digestFrom, type Algorithm, type Descriptor, type Digest, type DiffId } from '../oci/mod.ts'
import type { ByteStream } from './byte-stream.ts'
import { StreamError } from './stream-error.ts'

export function digestBytes(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): Digest {
  return digestFrom(algorithm, hash(algorithm, bytes, 'hex'))
}

export interface Measure {
  readonly digest: Digest
  readonly size: number
}

/** Reads to the end. */
export async function digestStream(source: ByteStream, algorithm: Algorithm = 'sha256'): Promise<Measure> {
  const hasher = createHash(algorithm)
  let size = 0
  for await (const piece of source) {
    hasher.update(piece)
    size += piece.length
  }
  return { digest: digestFrom(algorithm, hasher.digest('hex')), size }
}

/** Yields `source` unchanged; `onEnd` gets digest and size once it has ended. */
export async function* measure(
  source: ByteStream,
  onEnd: (measured: Measure) => void,
  algorithm: Algorithm = 'sha256',
): AsyncGenerator<Uint8Array> {
  const hasher = createHash(algorithm)
  let size = 0
  for await (const piece of source) {
    hasher.update(piece)
    size += piece.length
    yield piece
  }
  onEnd({ digest: digestFrom(algorithm, hasher.digest('hex')), size })
}

/** Yields `source` unchanged; throws StreamError unless it is exactly what `want` describes. Trust it only after the loop ends. */
export async function* verify(source: ByteStream, want: Pick<Descriptor, 'digest' | 'size'>): AsyncGenerator<Uint8Array> {
  const algorithm = algorithmOf(want.digest)
  const hasher = createHash(algorithm)
  let size = 0
  for await (const piece of source) {
    size += piece.length
    // SECURITY: fail before yielding, so a hostile peer cannot fill the disk past the announced size.
    if (size > want.size)
      throw new StreamError('SIZE_INVALID', `${want.digest} is longer than the ${want.size} bytes that its descriptor says`)
    hasher.update(piece)
    yield piece
  }
  if (size !== want.size) throw new StreamError('SIZE_INVALID', `${want.digest} ended after ${size} of ${want.size} bytes`)
  const got = digestFrom(algorithm, hasher.digest('hex'))
  if (got !== want.digest) throw new StreamError('DIGEST_INVALID', `Wrong digest: wanted ${want.digest}, got ${got}`)
}

/** ChainIDs of the layers, bottom first (image-spec config.md, "Layer ChainID"). */
export function chainIds(diffIds: readonly DiffId[]): readonly Digest[] {
  const chain: Digest[] = []
  for (const diffId of diffIds) {
    const below = chain.at(-1)
    chain.push(below === undefined ? diffId : digestBytes(`${below} ${diffId}`))
  }
  return chain
}
