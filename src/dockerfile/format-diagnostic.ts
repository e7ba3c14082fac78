import type { Range } from './range.ts'

/** A Diagnostic, or what is known of a DockerfileError. */
export interface Shown {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly range: Range
  readonly suggestion?: string | undefined
}

const WIDTH = 100

/**
 * For people: place and message, the line with its range underlined, and what to do.
 * ```
 * Dockerfile:3:1: error: Unknown instruction RUNN
 *   3 | RUNN make
 *     | ^^^^
 *     Did you mean RUN?
 * ```
 * No line end after the last line. SECURITY: control characters of the source never reach the terminal.
 */
export function formatDiagnostic(shown: Shown, file: string, source: string): string {
  const { start, end } = shown.range
  const lineStart = start.offset - start.column
  const lineFeed = source.indexOf('\n', lineStart)
  const line = source.slice(lineStart, lineFeed < 0 ? undefined : lineFeed).replace(/\r+$/, '')
  const last = end.line === start.line ? end.column : line.length
  const number = String(start.line).padStart(4)
  const margin = ' '.repeat(number.length)
  const { text, from, to } = crop(line, start.column, Math.max(last, start.column + 1))
  return [
    `${file}:${start.line}:${start.column + 1}: ${shown.severity}: ${shown.message}`,
    `${number} | ${printable(text)}`,
    `${margin} | ${blanks(text.slice(0, from))}${'^'.repeat(Math.max(1, Array.from(text.slice(from, to)).length))}`,
    ...(shown.suggestion === undefined ? [] : [`${margin}   ${shown.suggestion}`]),
  ].join('\n')
}

/** At most WIDTH characters of a long line, around the range. */
function crop(line: string, from: number, to: number): { text: string; from: number; to: number } {
  if (line.length <= WIDTH) return { text: line, from, to: Math.min(to, Math.max(line.length, from + 1)) }
  const begin = Math.max(0, Math.min(from - 20, line.length - WIDTH))
  const text = (begin > 0 ? '…' : '') + line.slice(begin, begin + WIDTH) + (begin + WIDTH < line.length ? '…' : '')
  const shift = begin > 0 ? begin - 1 : 0
  return { text, from: from - shift, to: Math.min(to - shift, text.length) }
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (character) => (character === '\t' ? character : '\uFFFD'))
}

/** As wide as the text before the range: a tab stays a tab. */
function blanks(text: string): string {
  return Array.from(text, (character) => (character === '\t' ? '\t' : ' ')).join('')
}
