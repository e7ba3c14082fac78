import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { algorithmOf, digestFrom, type Algorithm, type Digest } from '../../../oci/mod.ts'
import { PIECE } from '../../../stream/mod.ts'

type Hashes = ReadonlyMap<Algorithm, Hash>

/** Hashes of an upload's first `size` bytes: always sha256, which names the content in the store; another one too when it was announced. Lost at a restart. */
export class RunningHash {
  readonly #hashes: Hashes
  #size = 0

  constructor(announced: Algorithm) {
    this.#hashes = hashesFor(['sha256', announced])
  }

  get size(): number {
    return this.#size
  }

  update(piece: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(piece)
    this.#size += piece.byteLength
  }

  /** The digests of what was hashed, or undefined when it is not `size` bytes or one of the algorithms did not run. */
  digests(size: number, algorithms: readonly Algorithm[]): ReadonlyMap<Algorithm, Digest> | undefined {
    if (size !== this.#size || !algorithms.every((algorithm) => this.#hashes.has(algorithm))) return undefined
    return digestsOf(this.#hashes)
  }
}

/** sha256 of the file, and its digest by the algorithm of `wanted`: from the running hash where it covers all, else by reading. */
export async function digestsOfFile(
  file: FileHandle,
  { size, wanted, running }: { readonly size: number; readonly wanted: Digest; readonly running: RunningHash | undefined },
): Promise<{ readonly content: Digest; readonly got: Digest }> {
  const algorithms: readonly Algorithm[] = ['sha256', algorithmOf(wanted)]
  const digests = running?.digests(size, algorithms) ?? (await readDigests(file, algorithms))
  return { content: digests.get('sha256') as Digest, got: digests.get(algorithmOf(wanted)) as Digest }
}

async function readDigests(file: FileHandle, algorithms: readonly Algorithm[]): Promise<ReadonlyMap<Algorithm, Digest>> {
  const hashes = hashesFor(algorithms)
  const buffer = Buffer.allocUnsafeSlow(PIECE)
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE, position)
    if (bytesRead === 0) return digestsOf(hashes)
    for (const hash of hashes.values()) hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}

function hashesFor(algorithms: readonly Algorithm[]): Hashes {
  return new Map(algorithms.map((algorithm) => [algorithm, createHash(algorithm)]))
}

function digestsOf(hashes: Hashes): ReadonlyMap<Algorithm, Digest> {
  return new Map(Array.from(hashes, ([algorithm, hash]) => [algorithm, digestFrom(algorithm, hash.copy().digest('hex'))]))
}
