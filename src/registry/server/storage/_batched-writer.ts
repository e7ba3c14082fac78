import type { FileHandle } from 'node:fs/promises'
import { PIECE } from '../../../stream/mod.ts'

/** Bytes that all uploads together may have in memory. */
const BUDGET = 32 << 20
const LEAST = 64 << 10
const MOST_PIECES = 256

let writers = 0

/** Collects small pieces and writes them to a file 1 MiB at a time, one write running while the next is collected. Pieces are kept until they are written. */
export class BatchedWriter implements Disposable {
  readonly #file: FileHandle
  #position: number
  #pieces: Uint8Array[] = []
  #bytes = 0
  #running: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
    writers++
  }

  /** Resolves when the next piece may come. */
  async write(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece)
    this.#bytes += piece.byteLength
    // Many slow uploads at once share the budget, so that they cannot fill the memory.
    const enough = Math.max(LEAST, Math.min(PIECE, Math.floor(BUDGET / writers)))
    if (this.#bytes >= enough || this.#pieces.length >= MOST_PIECES) await this.#start()
  }

  /** Writes what is left; everything is in the file afterwards (not yet synced). */
  async flush(): Promise<void> {
    await this.#start()
    await this.#running
  }

  [Symbol.dispose](): void {
    writers--
  }

  async #start(): Promise<void> {
    await this.#running
    if (this.#bytes === 0) return
    const pieces = this.#pieces
    const position = this.#position
    this.#position += this.#bytes
    this.#pieces = []
    this.#bytes = 0
    this.#running = writeFully(this.#file, pieces, position)
    // Its failure is met by whoever awaits it next.
    this.#running.catch(() => {})
  }
}

async function writeFully(file: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  let { bytesWritten: done } = await file.writev(pieces, position)
  if (done === total) return
  // A short write: the disk is full, or it was interrupted. The next write says which.
  const all = Buffer.concat(pieces)
  while (done < total) done += (await file.write(all, done, total - done, position + done)).bytesWritten
}
