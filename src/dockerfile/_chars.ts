/** Go's unicode.IsSpace, which every builder's lexer uses; not the same set as `\s`. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACE.test(character)
}

/** What separates words in the space-separated instructions: fewer characters than `isSpace`. */
export function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\v' || character === '\f'
}

/** Index of the first character at or after `from` that is no space; `end` when there is none. */
export function skipSpaces(text: string, from: number, end = text.length): number {
  let index = from
  while (index < end && isSpace(text[index])) index++
  return index
}

/** Index after the last character before `end` that is no space; `from` when there is none. */
export function trimEnd(text: string, from: number, end = text.length): number {
  let index = end
  while (index > from && isSpace(text[index - 1])) index--
  return index
}

export function trim(text: string): string {
  const start = skipSpaces(text, 0)
  return text.slice(start, trimEnd(text, start))
}

/** The character at `index` with its low surrogate. */
export function characterAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0)
}
