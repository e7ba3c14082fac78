import type { Output } from '../context.ts'
import { cut } from './table.ts'

const INTERVAL = 80

/**
 * The last lines of a terminal, repainted in place while work goes on; finished text scrolls above them.
 * Only for a terminal: the caller prints plain lines otherwise.
 */
export class LiveArea implements Disposable {
  readonly #out: Output
  readonly #lines: () => readonly string[]
  readonly #timer: NodeJS.Timeout
  #painted = 0

  /** `lines` is asked for the current lines at every repaint. */
  constructor(out: Output, lines: () => readonly string[]) {
    this.#out = out
    this.#lines = lines
    out.write('\x1b[?25l')
    this.#timer = setInterval(() => this.paint(), INTERVAL)
    this.#timer.unref()
  }

  /** Writes finished lines above the live ones. */
  print(text: string): void {
    this.#out.write(`${this.#clear()}${text}`)
    this.#painted = 0
    this.paint()
  }

  paint(): void {
    const lines = this.#lines().map((line) => cut(line, this.#out.columns - 1))
    this.#out.write(this.#clear() + lines.map((line) => `${line}\n`).join(''))
    this.#painted = lines.length
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.paint()
    this.#out.write('\x1b[?25h')
  }

  #clear(): string {
    return this.#painted === 0 ? '' : `\x1b[${this.#painted}A\x1b[0J`
  }
}
