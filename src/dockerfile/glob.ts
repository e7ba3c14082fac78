import { GlobMatcher, tokenizeGlob } from './_glob-tokens.ts'

/**
 * Go's filepath.Match: the whole of `name` matches; `*` and `?` do not match a slash.
 * @throws DockerfileError PATTERN_INVALID, whatever the name
 */
export function matchGlob(pattern: string, name: string): boolean {
  return compileGlob(pattern)(name)
}

/** As `matchGlob`, for many names. */
export function compileGlob(pattern: string): (name: string) => boolean {
  const matcher = new GlobMatcher(tokenizeGlob(pattern, 'plain'))
  return (name) => {
    matcher.restart()
    for (const character of name) {
      if (!matcher.alive) return false
      matcher.step(character.codePointAt(0) ?? 0)
    }
    return matcher.matches
  }
}

/** True when a COPY source has wildcards: a pattern that matches nothing is fine, a plain path that is missing is not. */
export function hasWildcard(path: string): boolean {
  return /^(?:[^\\]|\\[^])*?[*?[]/.test(path)
}
