/** One challenge of WWW-Authenticate (RFC 9110 section 11.6.1): scheme and parameter names in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const QUOTED = /"((?:[^"\\]|\\.)*)"/y

/** Every challenge of every header line; quoted commas, escapes and several challenges in a line are understood, junk ends a line. */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap(parseLine)
}

function parseLine(line: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = []
  let at = 0
  const skip = (characters: string): void => {
    while (at < line.length && characters.includes(line.charAt(at))) at++
  }
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match[1] ?? match[0]
  }
  for (;;) {
    skip(' \t,')
    const word = take(TOKEN)
    if (word === undefined) return challenges
    const afterWord = at
    skip(' \t')
    const current = challenges.at(-1)
    if (line.charAt(at) === '=' && current !== undefined) {
      at++
      skip(' \t')
      const quoted = take(QUOTED)
      const value = quoted === undefined ? take(TOKEN) : quoted.replaceAll(/\\(.)/g, '$1')
      if (value === undefined) return challenges
      current.parameters[word.toLowerCase()] ??= value
    } else {
      at = afterWord
      challenges.push({ scheme: word.toLowerCase(), parameters: Object.create(null) as Record<string, string> })
    }
  }
}
