import { isSpace } from './_chars.ts'
import type { Span } from './_words.ts'

/** `<<WORD` as found on the line; its body follows on the next lines. */
export interface HeredocMark extends Span {
  readonly name: string
  readonly expand: boolean
  readonly stripTabs: boolean
  readonly fileDescriptor: number
}

/**
 * The heredocs that text[start, end) announces. `<<` must start a word, after digits at most; in quotes and as `<<<` it is none.
 * The escape is always a backslash here, as in the shell that will read the line.
 */
export function findHeredocs(text: string, start: number, end: number): HeredocMark[] {
  const marks: HeredocMark[] = []
  let index = start
  while (index < end) {
    while (index < end && isSpace(text[index])) index++
    if (index >= end) break
    const wordEnd = skipWord(text, index, end)
    // An unterminated quote: the shell will complain; no word of the line can be trusted.
    if (wordEnd < 0) return []
    const mark = parseMark(text, index, wordEnd)
    if (mark !== undefined) marks.push(mark)
    index = wordEnd
  }
  return marks
}

function skipWord(text: string, start: number, end: number): number {
  let index = start
  while (index < end && !isSpace(text[index])) {
    const character = text[index]
    if (character === "'") {
      index = text.indexOf("'", index + 1) + 1
      if (index === 0 || index > end) return -1
    } else if (character === '"') {
      index = skipDoubleQuotes(text, index + 1, end)
      if (index < 0) return -1
    } else if (character === '\\') {
      index = Math.min(index + 2, end)
    } else if (character === '<' && text[index + 1] === '<') {
      index += 2
      if (text[index] === '-' && isShellBlank(text[index + 1])) index++
      while (index < end && isShellBlank(text[index])) index++
    } else index++
  }
  return index
}

function skipDoubleQuotes(text: string, start: number, end: number): number {
  for (let index = start; index < end; index++) {
    if (text[index] === '\\') index++
    else if (text[index] === '"') return index + 1
  }
  return -1
}

function isShellBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\r'
}

function parseMark(text: string, start: number, end: number): HeredocMark | undefined {
  const match = /^(\d*)<<(-?)[ \t\r]*([^<]*)$/.exec(text.slice(start, end))
  if (match === null) return undefined
  const [, digits = '', dash = '', word = ''] = match
  const { name, quoted } = unquote(word)
  if (name === '') return undefined
  return { start, end, name, expand: !quoted, stripTabs: dash === '-', fileDescriptor: Number(digits || '0') }
}

/** Quotes resolved as a shell does, variables left alone. */
function unquote(word: string): { name: string; quoted: boolean } {
  let name = ''
  let quote = ''
  let quoted = false
  for (let index = 0; index < word.length; index++) {
    const character = word.charAt(index)
    if (quote === "'" && character !== "'") name += character
    else if (character === '\\' && (quote === '' || '"$\\'.includes(word[index + 1] ?? ' '))) name += word[++index] ?? ''
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      quoted = true
    } else if (character === quote) quote = ''
    else name += character
  }
  return { name, quoted }
}
