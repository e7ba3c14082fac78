import { trim } from './_chars.ts'
import { DockerfileError } from './errors.ts'
import { GlobMatcher, tokenizeGlob } from './_glob-tokens.ts'
import type { GlobToken } from './_glob-tokens.ts'
import { cleanPath } from './paths.ts'

/** Paths are relative to the context's root, with slashes, without a leading one. */
export interface PathFilter {
  readonly patterns: readonly IgnorePattern[]
  /** True when the last pattern that matches the path or a directory above it is not a `!` one. */
  readonly ignores: (path: string) => boolean
  /** False when everything below this directory is ignored for sure, so that a walk need not enter it. */
  readonly mayContain: (directory: string) => boolean
}

export interface IgnorePattern {
  /** Cleaned, without `!`. */
  readonly text: string
  readonly negated: boolean
  /** In the file, from 1. */
  readonly line: number
}

/**
 * Parses a .dockerignore. Comments have `#` in the first column; patterns are trimmed, cleaned and anchored at the root.
 * @throws DockerfileError PATTERN_INVALID naming the line
 */
export function parseDockerignore(text: string): PathFilter {
  const lines = text.replace(/^\uFEFF/, '').split('\n')
  return filterOf(
    lines.flatMap((line, index) => {
      const pattern = line.startsWith('#') ? undefined : parsePattern(line, index + 1)
      return pattern ?? []
    }),
  )
}

/**
 * A filter of single patterns, as of `COPY --exclude`. Their `line` is their place in the list, from 1.
 * @throws DockerfileError PATTERN_INVALID
 */
export function pathFilter(patterns: readonly string[]): PathFilter {
  return filterOf(patterns.flatMap((pattern, index) => parsePattern(pattern, index + 1) ?? []))
}

function parsePattern(raw: string, line: number): IgnorePattern | undefined {
  const trimmed = trim(raw)
  if (trimmed === '') return undefined
  const negated = trimmed.startsWith('!')
  const rest = negated ? trim(trimmed.slice(1)) : trimmed
  if (rest === '') {
    throw new DockerfileError('PATTERN_INVALID', `Invalid pattern "!" on line ${line}: it must be followed by a pattern`)
  }
  const cleaned = cleanPath(rest)
  return { text: trim(cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned), negated, line }
}

function filterOf(patterns: readonly IgnorePattern[]): PathFilter {
  const compiled = patterns.map((pattern) => ({ ...pattern, matcher: matcherOf(pattern) }))
  /** Index of the last pattern that matches the path or a directory above it, or -1. */
  const lastMatch = (path: string): number => compiled.findLastIndex(({ matcher }) => matcher.matchesWithin(path))
  return {
    patterns,
    ignores: (path) => compiled[lastMatch(path)]?.negated === false,
    mayContain: (directory) => {
      const last = lastMatch(directory)
      if (compiled[last]?.negated !== false) return true
      return compiled.slice(last + 1).some(({ negated, matcher }) => negated && matcher.mayMatchBelow(directory))
    },
  }
}

interface Matcher {
  /** The pattern matches the path or a directory above it. */
  readonly matchesWithin: (path: string) => boolean
  readonly mayMatchBelow: (directory: string) => boolean
}

function matcherOf({ text, line }: IgnorePattern): Matcher {
  let tokens: GlobToken[]
  try {
    tokens = tokenizeGlob(text, 'globstar')
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(error.code, `${error.message}, on line ${line}`, { cause: error })
  }
  const quick = quickMatcher(tokens)
  if (quick !== undefined) return quick
  const matcher = new GlobMatcher(tokens)
  return {
    matchesWithin: (path) => {
      matcher.restart()
      for (const character of path) {
        // At a slash the text so far is a directory above.
        if (character === '/' && matcher.matches) return true
        matcher.step(character.codePointAt(0) ?? 0)
        if (!matcher.alive) return false
      }
      return matcher.matches
    },
    mayMatchBelow: (directory) => {
      matcher.restart()
      for (const character of `${directory}/`) {
        matcher.step(character.codePointAt(0) ?? 0)
        if (!matcher.alive) return false
      }
      return true
    },
  }
}

// For the shapes that nearly all patterns have: `a/b`, `**/a/b`, `*.a`, `**/*.a`.
function quickMatcher(tokens: readonly GlobToken[]): Matcher | undefined {
  const wild = tokens.filter(({ kind }) => kind !== 'text').map(({ kind }) => kind)
  const plain = tokens.flatMap((token) => (token.kind === 'text' ? [token.character] : [])).join('')
  // The wildcards must all stand at the start.
  if (tokens.slice(0, wild.length).some(({ kind }) => kind === 'text')) return undefined
  switch (wild.join(' ')) {
    case '':
      return {
        matchesWithin: (path) => path.startsWith(plain) && (path.length === plain.length || path[plain.length] === '/'),
        mayMatchBelow: (directory) => plain.startsWith(`${directory}/`),
      }
    case 'dirs':
      return { matchesWithin: (path) => `/${path}/`.includes(`/${plain}/`), mayMatchBelow: () => true }
    case 'star':
      if (plain.includes('/')) return undefined
      return { matchesWithin: (path) => (path.split('/', 1)[0] ?? '').endsWith(plain), mayMatchBelow: () => false }
    case 'dirs star':
      if (plain.includes('/')) return undefined
      return { matchesWithin: (path) => `${path}/`.includes(`${plain}/`), mayMatchBelow: () => true }
    default:
      return undefined
  }
}
