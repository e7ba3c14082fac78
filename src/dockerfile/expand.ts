import type { Escape, Heredoc, Word } from './ast.ts'
import { isSpace } from './_chars.ts'
import { DockerfileError } from './errors.ts'
import { removePrefix, removeSuffix, replacePattern } from './_pattern.ts'
import type { Range } from './range.ts'

/** What words are expanded with: the instruction's snapshot of ENV and ARG. */
export interface Scope {
  /** `Dockerfile.escape`. */
  readonly escape: Escape
  /** undefined: not set, which differs from empty in `${x-…}`. */
  readonly lookup: (name: string) => string | undefined
  /** Told of every variable that is not set and has no `-`, `+` or `?` to say what then; it expands to nothing. */
  readonly onUndefined?: ((name: string, range: Range) => void) | undefined
}

/**
 * Expands a word as BuildKit does: quotes and escapes resolved, `$x`, `${x}` with `:- - :+ + :? ? # ## % %% / //`.
 * @throws DockerfileError EXPANSION_INVALID, or EXPANSION_REQUIRED when `?` says so; with the word's range
 */
export function expandWord(word: Word, scope: Scope): string {
  const expander = new Expander(word, scope, 'resolve')
  let result = ''
  expander.run((text) => (result += text))
  return result
}

/**
 * Expands a word and splits the result at spaces that are neither quoted nor escaped, also at those that came from a variable.
 * For EXPOSE. Throws as `expandWord`.
 */
export function expandWords(word: Word, scope: Scope): string[] {
  const words: string[] = []
  let current = ''
  new Expander(word, scope, 'resolve').run((text, splits) => {
    if (!splits) current += text
    else {
      for (const character of text) {
        if (!isSpace(character)) current += character
        else if (current !== '') {
          words.push(current)
          current = ''
        }
      }
    }
  })
  return current === '' ? words : [...words, current]
}

/** What COPY and ADD write for a heredoc: variables expanded unless its word was quoted; quotes are ordinary characters. */
export function expandHeredoc(heredoc: Heredoc, scope: Scope): string {
  if (!heredoc.expand) return heredoc.content
  const word = { text: heredoc.content, range: heredoc.bodyRange }
  let result = ''
  // The escape is a backslash here whatever the directive says, as in a shell.
  new Expander(word, { ...scope, escape: '\\' }, 'keep').run((text) => (result += text))
  return result
}

type Sink = (text: string, splits: boolean) => unknown

const NAME_START = /^[\p{L}_]/u
const NAME = /[\p{L}\p{Nd}_]+/uy
const DIGITS = /\p{Nd}+/uy
const SPECIAL = '@*#?-$!'

class Expander {
  readonly #word: Word
  readonly #text: string
  readonly #scope: Scope
  readonly #quotes: 'resolve' | 'keep'
  #index = 0
  #depth = 0

  constructor(word: Word, scope: Scope, quotes: 'resolve' | 'keep') {
    this.#word = word
    this.#text = word.text
    this.#scope = scope
    this.#quotes = quotes
  }

  run(sink: Sink): void {
    while (this.#index < this.#text.length) this.#step(sink, false)
  }

  /** Up to and without `stop`, which is passed over. `rawEscapes` keeps escape characters for a pattern to interpret. */
  #until(stop: string, rawEscapes: boolean): string {
    // SECURITY: the text nests as deep as it likes, the stack does not.
    if (++this.#depth > 200) throw this.#invalid('nested too deeply')
    let result = ''
    while (this.#text[this.#index] !== stop) {
      if (this.#index >= this.#text.length) throw this.#invalid(`${JSON.stringify(stop)} is missing`)
      this.#step((text) => (result += text), rawEscapes)
    }
    this.#index++
    this.#depth--
    return result
  }

  #step(sink: Sink, rawEscapes: boolean): void {
    const character = this.#text.charAt(this.#index)
    if (character === '$') sink(this.#dollar(), true)
    else if (character === "'" && this.#quotes === 'resolve') sink(this.#singleQuoted(), false)
    else if (character === '"' && this.#quotes === 'resolve') sink(this.#doubleQuoted(rawEscapes), false)
    else if (character === this.#scope.escape) {
      const escaped = this.#text[this.#index + 1] ?? ''
      this.#index += 1 + escaped.length
      sink((rawEscapes ? character : '') + escaped, false)
    } else {
      this.#index++
      sink(character, true)
    }
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#index + 1)
    if (end < 0) throw this.#invalid("the closing ' is missing")
    const result = this.#text.slice(this.#index + 1, end)
    this.#index = end + 1
    return result
  }

  #doubleQuoted(rawEscapes: boolean): string {
    const { escape } = this.#scope
    let result = ''
    this.#index++
    for (;;) {
      const character = this.#text[this.#index]
      if (character === undefined) throw this.#invalid('the closing " is missing')
      if (character === '$') {
        result += this.#dollar()
        continue
      }
      this.#index++
      if (character === '"') return result
      const next = this.#text[this.#index]
      if (character === escape && (next === '"' || next === '$' || next === escape)) {
        result += rawEscapes ? character + next : next
        this.#index++
      } else result += character
    }
  }

  #dollar(): string {
    this.#index++
    if (this.#text[this.#index] === '{') {
      this.#index++
      return this.#braced()
    }
    const name = this.#name()
    return name === '' ? '$' : this.#value(name)
  }

  #name(): string {
    const rest = this.#text[this.#index]
    if (rest === undefined) return ''
    if (SPECIAL.includes(rest)) {
      this.#index++
      return rest
    }
    const pattern = NAME_START.test(String.fromCodePoint(this.#text.codePointAt(this.#index) ?? 0)) ? NAME : DIGITS
    pattern.lastIndex = this.#index
    const name = pattern.exec(this.#text)?.[0] ?? ''
    this.#index += name.length
    return name
  }

  #value(name: string): string {
    const value = this.#scope.lookup(name)
    // Positional and special parameters are empty here, always: no mistake to tell of.
    if (value === undefined && NAME_START.test(name)) this.#scope.onUndefined?.(name, this.#word.range)
    return value ?? ''
  }

  #braced(): string {
    const first = this.#text[this.#index]
    if (first === undefined) throw this.#invalid('"}" is missing')
    if (first === '{' || first === '}' || first === ':') throw this.#invalid('bad substitution')
    const name = this.#name()
    let operator = this.#text[this.#index++]
    if (operator === '}') return this.#value(name)
    const colon = operator === ':'
    if (colon) operator = this.#text[this.#index++]
    switch (operator) {
      case '-':
      case '+':
      case '?':
        return this.#conditional(name, operator, colon)
      case '#':
      case '%':
        if (!colon) return this.#trimmed(name, operator)
        break
      case '/':
        if (!colon) return this.#replaced(name)
        break
      case undefined:
        throw this.#invalid('"}" is missing')
      default:
    }
    throw this.#invalid(`unsupported modifier ${JSON.stringify((colon ? ':' : '') + operator)}`)
  }

  #conditional(name: string, operator: '-' | '+' | '?', colon: boolean): string {
    const word = this.#until('}', false)
    const value = this.#scope.lookup(name)
    const isSet = value !== undefined && !(colon && value === '')
    if (operator === '-') return isSet ? value : word
    if (operator === '+') return isSet ? word : ''
    if (isSet) return value
    const message = word === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : word
    throw new DockerfileError('EXPANSION_REQUIRED', `${name}: ${message}`, {
      range: this.#word.range,
      hint: `Set it before this line, or give --build-arg ${name}=… if it is declared by ARG.`,
    })
  }

  #trimmed(name: string, operator: '#' | '%'): string {
    let pattern = this.#until('}', true)
    const longest = pattern.startsWith(operator)
    if (longest) pattern = pattern.slice(1)
    const value = this.#value(name)
    return this.#matching(pattern, () => (operator === '#' ? removePrefix : removeSuffix)(value, pattern, longest ? 'longest' : 'shortest'))
  }

  #replaced(name: string): string {
    const all = this.#text[this.#index] === '/'
    if (all) this.#index++
    const pattern = this.#until('/', true)
    const replacement = this.#until('}', true).replaceAll(/\\([}/])/g, '$1')
    const value = this.#value(name)
    return this.#matching(pattern, () => replacePattern(value, pattern, replacement, all ? 'all' : 'first'))
  }

  #matching(pattern: string, task: () => string | undefined): string {
    const result = task()
    if (result === undefined) throw this.#invalid(`invalid escape in the pattern ${JSON.stringify(pattern)}`)
    return result
  }

  #invalid(problem: string): DockerfileError {
    const shown = this.#text.length > 80 ? `${this.#text.slice(0, 80)}…` : this.#text
    return new DockerfileError('EXPANSION_INVALID', `Cannot expand ${JSON.stringify(shown)}: ${problem}`, { range: this.#word.range })
  }
}
