import { BLOCK } from './_header.ts'
import type { SparseSegment } from './tar-entry.ts'

const MAP_LIMIT = 1 << 20

/**
 * Reads the map at the start of a PAX 1.0 sparse file's payload: decimal numbers, a newline after each: the count, then offset and length of every segment;
 * padded to a block. SPEC: GNU tar manual, "Sparse Formats". Feed it byte ranges until `done`.
 */
export class SparseMapReader {
  readonly #numbers: number[] = []
  #digits = ''
  #consumed = 0
  #complete = false
  /** What is wrong, once it is. */
  problem: string | undefined

  /** Bytes of payload taken so far. */
  get consumed(): number {
    return this.#consumed
  }

  /** True once the map and its padding have been read. */
  get done(): boolean {
    return this.#complete && this.#consumed % BLOCK === 0
  }

  /** Takes bytes up to the map's end; returns where it stopped. */
  feed(buffer: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && !this.done && this.problem === undefined) {
      this.#take(buffer[at] ?? 0)
      this.#consumed++
      at++
    }
    return at
  }

  /** The segments that are not empty, or what is wrong with them. `stored` is the payload without the map, `size` the expanded file. */
  segments(stored: number, size: number): readonly SparseSegment[] | string {
    const segments: SparseSegment[] = []
    let last = 0
    let sum = 0
    for (let i = 1; i + 1 < this.#numbers.length; i += 2) {
      const offset = this.#numbers[i] ?? 0
      const length = this.#numbers[i + 1] ?? 0
      if (offset < last || offset + length > size) return 'its segments overlap or lie outside of the file'
      last = offset + length
      sum += length
      if (length > 0) segments.push({ offset, length })
    }
    return sum === stored ? segments : `its segments have ${sum} bytes, the archive ${stored}`
  }

  #take(byte: number): void {
    if (this.#complete) return
    if (byte >= 0x30 && byte <= 0x39 && this.#digits.length < 15) this.#digits += String.fromCharCode(byte)
    else if (byte === 0x0a && this.#digits !== '') this.#push()
    else this.problem = 'its map is malformed'
    if (this.#consumed >= MAP_LIMIT) this.problem = `its map is longer than ${MAP_LIMIT} bytes`
  }

  #push(): void {
    this.#numbers.push(Number(this.#digits))
    this.#digits = ''
    this.#complete = this.#numbers.length === 1 + 2 * (this.#numbers[0] ?? 0)
  }
}
