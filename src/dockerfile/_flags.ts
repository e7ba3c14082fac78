import { closest } from '../kit/mod.ts'
import type { Flag, Word } from './ast.ts'
import { fail } from './_head.ts'
import type { Head } from './_head.ts'

/** `text` needs a value, `list` too and may be repeated, `bool` takes true or false or nothing. */
export type FlagKind = 'text' | 'list' | 'bool'

export interface Flags {
  readonly text: (name: string) => Word | undefined
  readonly list: (name: string) => readonly Word[]
  readonly bool: (name: string) => boolean | undefined
}

/** Reports unknown, repeated and malformed flags, and gives access to the sound ones. */
export function readFlags(head: Head, kinds: Readonly<Record<string, FlagKind>> = {}): Flags {
  const sound: Flag[] = []
  for (const flag of head.flags) {
    if (checkFlag(head, flag, Object.hasOwn(kinds, flag.name) ? kinds[flag.name] : undefined, kinds, sound)) sound.push(flag)
  }
  const named = (name: string): Flag[] => sound.filter((flag) => flag.name === name)
  const wordOf = (flag: Flag): Word => ({ text: flag.value ?? '', range: flag.valueRange })
  return {
    // An empty value is as good as no flag.
    text: (name) =>
      named(name)
        .filter(({ value }) => value !== '')
        .map(wordOf)[0],
    list: (name) => named(name).map(wordOf),
    bool: (name) => named(name).map(({ value }) => value?.toLowerCase() !== 'false')[0],
  }
}

function checkFlag(
  head: Head,
  flag: Flag,
  kind: FlagKind | undefined,
  kinds: Readonly<Record<string, FlagKind>>,
  sound: readonly Flag[],
): boolean {
  const name = `--${flag.name}`
  if (kind === undefined) {
    const near = closest(flag.name, Object.keys(kinds))
    const known = Object.keys(kinds).map((other) => `--${other}`)
    const suggestion =
      near === undefined ? (known.length === 0 ? undefined : `${head.name} knows ${known.join(', ')}.`) : `Did you mean --${near}?`
    fail(head, 'FLAG_UNKNOWN', `Unknown flag ${name} of ${head.name}`, flag.range, suggestion)
    return false
  }
  if (kind !== 'list' && sound.some((other) => other.name === flag.name)) {
    fail(head, 'FLAG_REPEATED', `The flag ${name} is given twice`, flag.range)
    return false
  }
  if (kind === 'bool') {
    if (flag.value === undefined || /^(?:true|false)$/i.test(flag.value)) return true
    fail(head, 'FLAG_INVALID', `The flag ${name} takes true or false, got ${JSON.stringify(flag.value)}`, flag.valueRange)
    return false
  }
  if (flag.value !== undefined) return true
  fail(head, 'FLAG_INVALID', `The flag ${name} needs a value`, flag.range, `Write ${name}=… without blanks.`)
  return false
}
