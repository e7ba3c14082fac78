/**
 * The patterns of `${x#…}`, `${x%…}` and `${x/…/…}`: `*`, `?`, and a backslash before those; no brackets.
 * SECURITY: matched by sets of positions, in time pattern × value; a regular expression could be made to take for ever.
 */
type Token = { readonly kind: 'any' } | { readonly kind: 'one' } | { readonly kind: 'text'; readonly character: string }

/** undefined when a backslash stands before something else. `\}` and `\/` only carried the character through the braces. */
function tokenize(pattern: string): Token[] | undefined {
  const tokens: Token[] = []
  const characters = Array.from(pattern)
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? ''
    if (character === '*') tokens.push({ kind: 'any' })
    else if (character === '?') tokens.push({ kind: 'one' })
    else if (character !== '\\') tokens.push({ kind: 'text', character })
    else {
      const escaped = characters[++index] ?? ''
      if (escaped === '' || !'*?\\}/'.includes(escaped)) return undefined
      tokens.push({ kind: 'text', character: escaped })
    }
  }
  return tokens
}

/** `value` without the shortest or longest start that matches; undefined when the pattern is invalid. */
export function removePrefix(value: string, pattern: string, which: 'shortest' | 'longest'): string | undefined {
  const tokens = tokenize(pattern)
  if (tokens === undefined) return undefined
  const characters = Array.from(value)
  const ends = matchEnds(characters, 0, tokens)
  const end = which === 'shortest' ? ends[0] : ends.at(-1)
  return characters.slice(end ?? 0).join('')
}

/** `value` without the shortest or longest end that matches; undefined when the pattern is invalid. */
export function removeSuffix(value: string, pattern: string, which: 'shortest' | 'longest'): string | undefined {
  const tokens = tokenize(pattern)
  if (tokens === undefined) return undefined
  const characters = Array.from(value).toReversed()
  const ends = matchEnds(characters, 0, tokens.toReversed())
  const end = which === 'shortest' ? ends[0] : ends.at(-1)
  return characters
    .slice(end ?? 0)
    .toReversed()
    .join('')
}

/** Replaces the first match, or all that do not overlap, longest first; undefined when the pattern is invalid. */
export function replacePattern(value: string, pattern: string, replacement: string, which: 'first' | 'all'): string | undefined {
  const tokens = tokenize(pattern)
  if (tokens === undefined) return undefined
  const characters = Array.from(value)
  const firstStar = tokens.findIndex(({ kind }) => kind === 'any')
  const head = firstStar < 0 ? tokens : tokens.slice(0, firstStar)
  let result = ''
  let copied = 0
  let start = 0
  while (start <= characters.length) {
    if (matchEnds(characters, start, head).length === 0) {
      start++
      continue
    }
    const end = matchEnds(characters, start, tokens).at(-1)
    // The part before the first `*` fits here but the rest is nowhere behind: so it is nowhere behind later starts.
    if (end === undefined) break
    result += characters.slice(copied, start).join('')
    // An empty match right after a match is none, as in Go.
    if (end > copied || start === 0) result += replacement
    copied = end
    if (which === 'first') break
    start = Math.max(start + 1, end)
  }
  return result + characters.slice(copied).join('')
}

/** All ends of a match that starts at `start`, ascending. */
function matchEnds(characters: readonly string[], start: number, tokens: readonly Token[]): number[] {
  let ends = [start]
  for (const token of tokens) {
    const [first] = ends
    if (first === undefined) break
    if (token.kind === 'any') ends = Array.from({ length: characters.length - first + 1 }, (_, offset) => first + offset)
    else {
      ends = ends
        .filter((end) => end < characters.length && (token.kind === 'one' || characters[end] === token.character))
        .map((end) => end + 1)
    }
  }
  return ends
}
