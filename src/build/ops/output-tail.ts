const LINES = 20
const CHARACTERS = 16_384

/** The last lines of an output of any length. */
export class OutputTail {
  #text = ''
  readonly #decoder = new TextDecoder()

  add(bytes: Uint8Array): void {
    this.#text = (this.#text + this.#decoder.decode(bytes, { stream: true })).slice(-CHARACTERS)
  }

  /** Without blank ones. A line that rewrote itself (a progress bar) is what it was at its end. */
  lines(): string[] {
    return this.#text
      .split('\n')
      .map((line) => line.replace(/\r+$/, '').replace(/^.*\r/, ''))
      .filter((line) => line.trim() !== '')
      .slice(-LINES)
  }
}
