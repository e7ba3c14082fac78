import { characterAt } from './_chars.ts'
import { DockerfileError } from './errors.ts'

/** A piece of a path pattern. `star` and `one` stop at a slash; `deep` does not; `dirs` is any number of whole directories. */
export type GlobToken =
  | { readonly kind: 'text'; readonly character: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'star' }
  | { readonly kind: 'deep' }
  | { readonly kind: 'dirs' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [low: number, high: number])[] }

/**
 * Takes a pattern of Go's filepath.Match apart: `*`, `?`, `[a-z]`, `[^a]`, backslash. With `globstar` also `**`, as .dockerignore has it.
 * @throws DockerfileError PATTERN_INVALID
 */
export function tokenizeGlob(pattern: string, globstar: 'globstar' | 'plain'): GlobToken[] {
  const tokens: GlobToken[] = []
  let index = 0
  while (index < pattern.length) {
    const character = characterAt(pattern, index)
    index += character.length
    if (character === '?') tokens.push({ kind: 'one' })
    else if (character === '[') {
      const { token, next } = parseClass(pattern, index)
      tokens.push(token)
      index = next
    } else if (character === '\\') {
      if (index >= pattern.length) throw invalidPattern(pattern, 'nothing follows the last backslash')
      const escaped = characterAt(pattern, index)
      tokens.push({ kind: 'text', character: escaped })
      index += escaped.length
    } else if (character !== '*') tokens.push({ kind: 'text', character })
    else if (globstar === 'plain' || pattern[index] !== '*') tokens.push({ kind: 'star' })
    else {
      const first = index === 1
      index++
      const slash = pattern[index] === '/'
      if (slash) index++
      if (index === pattern.length) tokens.push({ kind: 'deep' })
      // `**name` at the start, and nothing special after it, is any path that ends so: a quirk that files rely on (`**.md`).
      else tokens.push({ kind: first && !slash && !/[*?[\\]/.test(pattern.slice(index)) ? 'deep' : 'dirs' })
    }
  }
  return tokens
}

function parseClass(pattern: string, start: number): { token: GlobToken; next: number } {
  let index = start
  const negated = pattern[index] === '^'
  if (negated) index++
  const ranges: (readonly [number, number])[] = []
  const end = (): number => {
    let character = pattern[index]
    if (character === '\\') character = pattern[++index]
    else if (character === '-' || character === ']') throw invalidPattern(pattern, 'a class has a stray - or ]')
    if (character === undefined) throw invalidPattern(pattern, 'the closing ] is missing')
    const code = pattern.codePointAt(index) ?? 0
    index += code > 0xffff ? 2 : 1
    return code
  }
  while (ranges.length === 0 || pattern[index] !== ']') {
    const low = end()
    let high = low
    if (pattern[index] === '-') {
      index++
      high = end()
    }
    ranges.push([low, high])
  }
  return { token: { kind: 'class', negated, ranges }, next: index + 1 }
}

function invalidPattern(pattern: string, problem: string): DockerfileError {
  const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern
  return new DockerfileError('PATTERN_INVALID', `Invalid pattern ${JSON.stringify(shown)}: ${problem}`)
}

/**
 * Steps through a text with all places in the pattern at once.
 * SECURITY: time is pattern × text whatever the pattern is; backtracking would let `*a*a*a*…` take for ever.
 */
export class GlobMatcher {
  readonly #tokens: readonly GlobToken[]
  #states: number[] = []
  #next: number[] = []
  /** Generation in which a state was added last. */
  readonly #seen: Uint32Array
  #generation = 0

  constructor(tokens: readonly GlobToken[]) {
    this.#tokens = tokens
    this.#seen = new Uint32Array(tokens.length + 1)
  }

  restart(): void {
    this.#generation++
    this.#states.length = 0
    this.#add(this.#states, 0)
  }

  /** True when the text so far matches. */
  get matches(): boolean {
    return this.#states.includes(this.#tokens.length)
  }

  /** True when some continuation may match. */
  get alive(): boolean {
    return this.#states.length > 0
  }

  step(code: number): void {
    this.#generation++
    const next = this.#next
    next.length = 0
    for (const state of this.#states) {
      const token = this.#tokens[state]
      if (token === undefined) continue
      switch (token.kind) {
        case 'deep':
          this.#add(next, state)
          break
        case 'dirs':
          // Within a directory's name; after its slash the pattern may go on.
          this.#put(next, state)
          if (code === SLASH) this.#add(next, state + 1)
          break
        case 'star':
          if (code !== SLASH) this.#add(next, state)
          break
        case 'one':
          if (code !== SLASH) this.#add(next, state + 1)
          break
        case 'class':
          if (token.ranges.some(([low, high]) => low <= code && code <= high) !== token.negated) this.#add(next, state + 1)
          break
        case 'text':
          if (token.character.codePointAt(0) === code) this.#add(next, state + 1)
          break
      }
    }
    this.#next = this.#states
    this.#states = next
  }

  #put(states: number[], state: number): boolean {
    if (this.#seen[state] === this.#generation) return false
    this.#seen[state] = this.#generation
    states.push(state)
    return true
  }

  /** Adds a state and those that it reaches without a character. */
  #add(states: number[], state: number): void {
    for (let index = state; this.#put(states, index); index++) {
      const kind = this.#tokens[index]?.kind
      if (kind !== 'star' && kind !== 'deep' && kind !== 'dirs') return
    }
  }
}

const SLASH = 0x2f
