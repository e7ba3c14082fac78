import type { Position, Range } from './range.ts'

/** A physical line. `text` has no line end; `end` is the offset after it, `next` where the next line starts. */
export interface PhysicalLine {
  readonly number: number
  readonly start: number
  readonly end: number
  readonly next: number
  readonly text: string
}

/** A source cut into lines at LF. A CR before the LF belongs to the line end. */
export interface SourceLines {
  readonly source: string
  readonly lines: readonly PhysicalLine[]
  readonly position: (offset: number) => Position
  readonly range: (start: number, end: number) => Range
}

export function splitLines(source: string): SourceLines {
  const lines: PhysicalLine[] = []
  let start = source.startsWith('\uFEFF') ? 1 : 0
  while (start < source.length) {
    const lineFeed = source.indexOf('\n', start)
    const next = lineFeed < 0 ? source.length : lineFeed + 1
    let end = lineFeed < 0 ? next : lineFeed
    while (end > start && source[end - 1] === '\r') end--
    lines.push({ number: lines.length + 1, start, end, next, text: source.slice(start, end) })
    start = next
  }
  const position = (offset: number): Position => positionIn(lines, offset)
  return { source, lines, position, range: (from, to) => ({ start: position(from), end: position(to) }) }
}

function positionIn(lines: readonly PhysicalLine[], offset: number): Position {
  let low = 0
  let high = lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lines[middle]?.start ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  const line = lines[low]
  // A byte order mark lies before the first line: columns count from the start of the text then.
  const start = line === undefined || line.number === 1 ? 0 : line.start
  return { line: line?.number ?? 1, column: offset - start, offset }
}

/** One instruction's line with continuations joined, and the way back from its characters to the source. */
export class LogicalLine {
  readonly text: string
  readonly #lines: SourceLines
  readonly #pieces: readonly Piece[]

  constructor(lines: SourceLines, pieces: readonly Piece[], text: string) {
    this.#lines = lines
    this.#pieces = pieces
    this.text = text
  }

  /** Where text[start, end) stands in the source; what lies between joined lines is included when it is inside. */
  range(start: number, end: number): Range {
    // An end belongs to the piece of the last character, or it would jump to the next line; so does an empty range.
    const to = end > 0 ? this.#offset(end - 1) + 1 : this.#offset(0)
    return this.#lines.range(end > start ? this.#offset(start) : to, to)
  }

  #offset(index: number): number {
    const pieces = this.#pieces
    let low = 0
    let high = pieces.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((pieces[middle]?.at ?? 0) <= index) low = middle
      else high = middle - 1
    }
    const piece = pieces[low]
    return piece === undefined ? 0 : piece.offset + (index - piece.at)
  }
}

/** text[at…] comes from source[offset…]. */
export interface Piece {
  readonly at: number
  readonly offset: number
}
