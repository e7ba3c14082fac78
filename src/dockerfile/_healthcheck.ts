import type { HealthConfig } from '../oci/mod.ts'
import type { HealthcheckInstruction, InvalidInstruction, Word } from './ast.ts'
import { isSpace, skipSpaces } from './_chars.ts'
import { parseCommand } from './_commands.ts'
import { parseDuration } from './duration.ts'
import { DockerfileError } from './errors.ts'
import { readFlags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid, wordAt } from './_head.ts'
import type { Head } from './_head.ts'

const MILLISECOND = 1_000_000

export function parseHealthcheck(head: Head): HealthcheckInstruction | InvalidInstruction {
  const flags = readFlags(head, { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' })
  const { line, start, end } = head
  let typeEnd = start
  while (typeEnd < end && !isSpace(line.text[typeEnd])) typeEnd++
  const type = wordAt(line, { start, end: typeEnd })
  const commandStart = skipSpaces(line.text, typeEnd, end)
  const times = {
    Interval: duration(head, flags.text('interval')),
    Timeout: duration(head, flags.text('timeout')),
    StartPeriod: duration(head, flags.text('start-period')),
    StartInterval: duration(head, flags.text('start-interval')),
    Retries: retries(head, flags.text('retries')),
  }
  switch (type.text.toUpperCase()) {
    case '':
      return failMissing(head, 'CMD and a command, or NONE')
    case 'NONE':
      if (commandStart < end) {
        fail(head, 'ARGUMENT_EXTRA', 'HEALTHCHECK NONE takes nothing more', line.range(commandStart, end))
        return invalid(head)
      }
      return { kind: 'healthcheck', ...baseOf(head), command: undefined, health: { Test: ['NONE'] } }
    case 'CMD': {
      const command = commandStart < end ? parseCommand(head, commandStart) : undefined
      if (commandStart === end || (command?.form === 'exec' && command.args.length === 0)) return failMissing(head, 'a command after CMD')
      if (command === undefined) return invalid(head)
      const Test = command.form === 'exec' ? ['CMD', ...command.args.map(({ text }) => text)] : ['CMD-SHELL', command.text]
      const health: HealthConfig = { Test, ...withoutZeros(times) }
      return { kind: 'healthcheck', ...baseOf(head), command, health }
    }
    default:
      fail(
        head,
        'HEALTHCHECK_INVALID',
        `Unknown type ${type.text} of HEALTHCHECK`,
        type.range,
        'Write HEALTHCHECK CMD command, or HEALTHCHECK NONE.',
      )
      return invalid(head)
  }
}

/** Zero means: as inherited, and is not written down. */
function withoutZeros(times: Readonly<Record<string, number>>): Partial<HealthConfig> {
  return Object.fromEntries(Object.entries(times).filter(([, value]) => value !== 0))
}

function duration(head: Head, word: Word | undefined): number {
  if (word === undefined) return 0
  try {
    const nanoseconds = parseDuration(word.text)
    if (nanoseconds === 0 || nanoseconds >= MILLISECOND) return nanoseconds
    fail(head, 'HEALTHCHECK_INVALID', `Invalid duration ${word.text}: it must be at least 1ms`, word.range)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    fail(head, 'HEALTHCHECK_INVALID', error.message, word.range, error.hint)
  }
  return 0
}

function retries(head: Head, word: Word | undefined): number {
  if (word === undefined) return 0
  const count = /^[-+]?\d{1,10}$/.test(word.text) ? Number(word.text) : -1
  if (count >= 0 && count < 2 ** 31) return count
  fail(head, 'HEALTHCHECK_INVALID', `Invalid number of retries ${JSON.stringify(word.text)}: it must be a whole number from 0`, word.range)
  return 0
}
