import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { PIECE, type ByteStream } from './byte-stream.ts'
import { rechunk } from './pieces.ts'
import { workerUrl } from './worker-url.ts'

export interface GzipTask {
  readonly id: number
  readonly data: Uint8Array
  readonly dictionary: Uint8Array | undefined
  readonly level: number
  readonly last: boolean
}

export interface GzipAnswer {
  readonly id: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** How far back deflate may refer: each block starts with the end of the one before. */
const WINDOW = 32_768
/** No name, no time, "unknown" system: the same bytes everywhere. */
const HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/**
 * One gzip member (RFC 1952), compressed in 1 MiB blocks on all cores. The output depends on the bytes and the level only,
 * not on the number of cores nor on how the source is cut; across versions of zlib it may differ.
 */
export async function* gzip(
  source: ByteStream,
  options: { readonly level?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array> {
  const level = options.level ?? 6
  using pool = new Pool(Math.min(8, availableParallelism()))
  yield HEADER
  let size = 0n
  let window: Uint8Array | undefined
  const waiting: Promise<GzipAnswer>[] = []
  let crc = 0
  const submit = (block: Uint8Array, last: boolean): void => {
    waiting.push(pool.run({ data: block, dictionary: window, level, last }))
    // The block is given away to a worker; keep its end.
    window = block.slice(-WINDOW)
    size += BigInt(block.length)
  }
  let held: Uint8Array | undefined
  for await (const block of rechunk(source, PIECE)) {
    options.signal?.throwIfAborted()
    crc = crc32(block, crc)
    if (held !== undefined) submit(held, false)
    held = block
    // Twice as many blocks as workers keeps all of them busy, and memory bounded.
    if (waiting.length >= pool.size * 2) yield (await (waiting.shift() as Promise<GzipAnswer>)).bytes
  }
  submit(held ?? new Uint8Array(0), true)
  for (const answer of waiting) yield (await answer).bytes
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(Number(size & 0xffffffffn), 4)
  yield trailer
}

/** Workers for one stream; a block goes to the one with the least to do. */
class Pool implements Disposable {
  readonly size: number
  readonly #workers: { worker: Worker; pending: number }[] = []
  readonly #waiting = new Map<number, { resolve: (answer: GzipAnswer) => void; reject: (error: unknown) => void; done: () => void }>()
  #next = 0

  constructor(size: number) {
    this.size = size
  }

  run(task: Omit<GzipTask, 'id'>): Promise<GzipAnswer> {
    const slot = this.#slot()
    const id = this.#next++
    slot.pending++
    const promise = new Promise<GzipAnswer>((resolve, reject) => this.#waiting.set(id, { resolve, reject, done: () => slot.pending-- }))
    promise.catch(() => {})
    slot.worker.postMessage({ ...task, id } satisfies GzipTask)
    return promise
  }

  [Symbol.dispose](): void {
    for (const { worker } of this.#workers) void worker.terminate()
  }

  #slot(): { worker: Worker; pending: number } {
    const idle = this.#workers.find(({ pending }) => pending === 0)
    if (idle !== undefined) return idle
    if (this.#workers.length < this.size) {
      const worker = new Worker(workerUrl(new URL('./gzip-worker.ts', import.meta.url), import.meta.url))
      worker.unref()
      worker.on('message', (answer: GzipAnswer) => this.#settle(answer.id)?.resolve(answer))
      worker.on('error', (error) => {
        for (const id of this.#waiting.keys()) this.#settle(id)?.reject(error)
      })
      const slot = { worker, pending: 0 }
      this.#workers.push(slot)
      return slot
    }
    return this.#workers.reduce((least, slot) => (slot.pending < least.pending ? slot : least))
  }

  #settle(id: number): { resolve: (answer: GzipAnswer) => void; reject: (error: unknown) => void } | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.done()
    return waiting
  }
}
