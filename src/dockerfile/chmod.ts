import { DockerfileError } from './errors.ts'

/** A parsed `--chmod`: gives the new permission bits (12 bits) of a file that has `mode`. */
export type Chmod = (mode: number, isDirectory: boolean) => number

const SETID = 0o6000
const STICKY = 0o1000
const CLASSES: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 }

/**
 * `--chmod`, already expanded: octal from 0 to 7777, which directories get too, or symbolic as chmod(1) has it (`u=rwX,go=rX`),
 * applied to the source's mode. There is no umask.
 * @throws DockerfileError CHMOD_INVALID
 */
export function parseChmod(text: string): Chmod {
  if (/^\d/.test(text)) {
    const bits = /^0*[0-7]{1,4}$/.test(text) ? Number.parseInt(text, 8) : undefined
    if (bits === undefined) throw invalidChmod(text, 'an octal mode is between 0 and 7777')
    return () => bits
  }
  const clauses = text.split(',').map((clause) => parseClause(clause, text))
  return (mode, isDirectory) => {
    const original = mode & 0o7777
    return clauses.flat().reduce((current, action) => applyAction(action, current, original, isDirectory), original)
  }
}

interface Action {
  readonly operator: '+' | '-' | '='
  /** Bits of the classes named; all when none was named. */
  readonly who: number
  readonly bits: number
  /** `X`: execution for directories and for what somebody may execute already. */
  readonly conditional: boolean
  /** Classes whose bits are copied. */
  readonly copied: readonly ('u' | 'g' | 'o')[]
}

function parseClause(clause: string, text: string): Action[] {
  const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause)
  if (match === null) throw invalidChmod(text, `${JSON.stringify(clause)} is no change like u+x`)
  const [, classes = '', changes = ''] = match
  const named = Array.from(classes).reduce((bits, letter) => bits | (CLASSES[letter] ?? 0), 0)
  return Array.from(changes.matchAll(/([-+=])([rwxXstugo]*)/g), ([, operator, letters = '']): Action => {
    // Sticky and setuid do nothing for the others alone.
    const special = named === 0 || (named & ~0o7) !== 0
    let bits = 0
    if (letters.includes('r')) bits |= 0o444
    if (letters.includes('w')) bits |= 0o222
    if (letters.includes('x')) bits |= 0o111
    if (letters.includes('s') && special) bits |= SETID
    const sticky = letters.includes('t') && special ? STICKY : 0
    const who = (named === 0 ? 0o6777 : named) | sticky
    const copied = (['u', 'g', 'o'] as const).filter((letter) => letters.includes(letter))
    return { operator: operator as Action['operator'], who, bits: bits | sticky, conditional: letters.includes('X'), copied }
  })
}

function applyAction(action: Action, mode: number, original: number, isDirectory: boolean): number {
  let bits = action.bits
  if (action.conditional && (action.operator === '-' || isDirectory || (original & 0o111) !== 0)) bits |= 0o111
  for (const letter of action.copied) {
    const shift = { u: 6, g: 3, o: 0 }[letter]
    const copy = (mode >> shift) & 0o7
    bits |= copy * 0o111
  }
  bits &= action.who
  if (action.operator === '+') return mode | bits
  if (action.operator === '-') return mode & ~bits
  return (mode & ~action.who) | bits
}

function invalidChmod(text: string, problem: string): DockerfileError {
  return new DockerfileError('CHMOD_INVALID', `Invalid chmod ${JSON.stringify(text)}: ${problem}`, {
    hint: 'Write an octal mode like 755, or changes like u=rwX,go=rX.',
  })
}
