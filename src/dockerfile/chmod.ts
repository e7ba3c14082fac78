import { DockerfileError } from './errors.ts'

/** A parsed `--chmod`: gives the new permission bits (12 bits) of a file that has `mode`. */
export type Chmod = (mode: number, isDirectory: boolean) => number

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
  const steps = text.split(',').flatMap((clause) => parseClause(clause, text))
  return (mode, isDirectory) => {
    const original = mode & 0o7777
    return steps.reduce((current, step) => applyStep(step, current, (original & 0o111) !== 0 || isDirectory), original)
  }
}

type Operator = '+' | '-' | '='

type Step =
  | { readonly kind: 'set' | 'clear' | 'setIfExecutable'; readonly bits: number }
  /** The permissions of one class to others. `shift` is the source's, `classes` has a 1 bit per class in the place of its `x`. */
  | { readonly kind: 'copy'; readonly operator: Operator; readonly shift: number; readonly classes: number }

const STICKY = 0o1000
const SETID = 0o6000
const ALL = 0o6777
const CLASSES: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: ALL }
const SHIFTS: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }
const PERMISSIONS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 }

function parseClause(clause: string, text: string): Step[] {
  const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause)
  if (match === null) throw invalidChmod(text, `${JSON.stringify(clause)} is no change like u+x`)
  const [, classes = '', changes = ''] = match
  const named = Array.from(classes).reduce((bits, letter) => bits | (CLASSES[letter] ?? 0), 0)
  return Array.from(changes.matchAll(/(?<operator>[-+=])(?<letters>[rwxXstugo]*)/g)).flatMap(([all]) =>
    parseChange(all.startsWith('+') ? '+' : all.startsWith('-') ? '-' : '=', all.slice(1), named),
  )
}

/** One operator with its letters; `named` are the bits of the classes before it, 0 when there are none. In the order of BSD's setmode(3). */
function parseChange(operator: Operator, letters: string, named: number): Step[] {
  const steps: Step[] = []
  // Sticky and setuid do nothing for the others alone.
  const special = named === 0 || (named & ~0o7) !== 0
  let who = named
  let bits = 0
  let executable = 0
  let assigned = false
  const within = (wanted: number): number => (who === 0 ? wanted : who & wanted)
  const flush = (): void => {
    if (bits !== 0 || (operator === '=' && !assigned)) {
      if (operator === '=') steps.push({ kind: 'clear', bits: who === 0 ? ALL : who })
      steps.push({ kind: operator === '-' ? 'clear' : 'set', bits: within(bits) })
      assigned = true
    }
    if (executable !== 0) steps.push({ kind: 'setIfExecutable', bits: within(executable) })
    bits = 0
    executable = 0
  }
  for (const letter of letters) {
    const shift = SHIFTS[letter]
    if (shift !== undefined) {
      // The copy assigns by itself.
      assigned ||= operator === '=' && bits === 0
      flush()
      assigned ||= operator === '='
      steps.push({ kind: 'copy', operator, shift, classes: who === 0 ? 0o111 : (who >> 2) & 0o111 })
    } else if (letter === 'X' && operator !== '-') executable = 0o111
    else if (letter === 's') bits |= special ? SETID : 0
    else if (letter !== 't') bits |= PERMISSIONS[letter.toLowerCase()] ?? 0
    else if (special) {
      who |= STICKY
      bits |= STICKY
    }
  }
  flush()
  return steps
}

function applyStep(step: Step, mode: number, executable: boolean): number {
  switch (step.kind) {
    case 'set':
      return mode | step.bits
    case 'clear':
      return mode & ~step.bits
    case 'setIfExecutable':
      return executable ? mode | step.bits : mode
    case 'copy': {
      const copied = ((mode >> step.shift) & 0o7) * step.classes
      if (step.operator === '+') return mode | copied
      return step.operator === '-' ? mode & ~copied : (mode & ~(0o7 * step.classes)) | copied
    }
  }
}

function invalidChmod(text: string, problem: string): DockerfileError {
  return new DockerfileError('CHMOD_INVALID', `Invalid chmod ${JSON.stringify(text)}: ${problem}`, {
    hint: 'Write an octal mode like 755, or changes like u=rwX,go=rX.',
  })
}
