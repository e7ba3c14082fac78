import type { Escape } from './ast.ts'
import { isBlank, isSpace } from './_chars.ts'

/** text[start, end) of a logical line. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Words between blanks; quotes mean nothing here. For COPY, ADD, VOLUME, EXPOSE, FROM. */
export function splitBlanks(text: string, start: number, end: number): Span[] {
  const spans: Span[] = []
  let index = start
  while (index < end) {
    while (index < end && isBlank(text[index])) index++
    const wordStart = index
    while (index < end && !isBlank(text[index])) index++
    if (index > wordStart) spans.push({ start: wordStart, end: index })
  }
  return spans
}

/** Words between spaces, where quotes and escapes hold a word together; both stay in the word. For ENV, LABEL, ARG. */
export function splitQuoted(text: string, start: number, end: number, escape: Escape): Span[] {
  const spans: Span[] = []
  let index = start
  while (index < end) {
    while (index < end && isSpace(text[index])) index++
    if (index >= end) break
    const wordStart = index
    let quote = ''
    while (index < end && (quote !== '' || !isSpace(text[index]))) {
      const character = text[index]
      if (character === escape && quote !== "'") {
        // An escape at the very end of the line escapes nothing: it is left out.
        if (index + 1 >= end) break
        index += 2
        continue
      }
      if (quote === '' && (character === '"' || character === "'")) quote = character
      else if (character === quote) quote = ''
      index++
    }
    if (index > wordStart) spans.push({ start: wordStart, end: index })
    if (index < end && text[index] === escape) break
  }
  return spans
}

export interface FlagSpan extends Span {
  /** With quotes and escapes resolved. */
  readonly text: string
  /** Where the value starts in the line, when there is a `=`. */
  readonly valueStart: number | undefined
}

/**
 * The `--…` words at the start of text[start, end) and the index of what follows. A lone `--` ends them.
 * Quotes and escapes are resolved, inside and outside of quotes, of both kinds.
 */
export function splitFlags(text: string, start: number, end: number, escape: Escape): { flags: FlagSpan[]; rest: number } {
  const flags: FlagSpan[] = []
  let index = start
  for (;;) {
    while (index < end && isSpace(text[index])) index++
    if (index + 1 >= end || text[index] !== '-' || text[index + 1] !== '-') return { flags, rest: index }
    const wordStart = index
    let word = ''
    let quote = ''
    let valueStart: number | undefined
    while (index < end && (quote !== '' || !isSpace(text[index]))) {
      const character = text.charAt(index)
      index++
      if (quote === '' && (character === '"' || character === "'")) {
        quote = character
        continue
      }
      if (quote !== '' && character === quote) {
        quote = ''
        continue
      }
      if (character === escape) {
        if (index < end) word += text[index++]
        continue
      }
      if (character === '=') valueStart ??= index
      word += character
    }
    if (word === '--') return { flags, rest: index }
    flags.push({ start: wordStart, end: index, text: word, valueStart })
  }
}
