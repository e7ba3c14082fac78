import type {
  CmdInstruction,
  Command,
  EntrypointInstruction,
  ExecCommand,
  Heredoc,
  InvalidInstruction,
  RunInstruction,
  ShellCommand,
  ShellInstruction,
  Word,
} from './ast.ts'
import { DockerfileError } from './errors.ts'
import { readFlags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid } from './_head.ts'
import type { Head } from './_head.ts'
import { findHeredocs } from './_heredoc.ts'
import type { HeredocMark } from './_heredoc.ts'
import { looksLikeJson, parseJsonArray } from './_json.ts'
import { parseMount } from './mount.ts'

/** The text after `start` as exec or shell form; undefined when it is a JSON array of something else, which is reported. */
export function parseCommand(head: Head, start = head.start): ExecCommand | ShellCommand | undefined {
  const { line, end } = head
  const range = line.range(start, end)
  const json = parseJsonArray(line.text, start, end)
  if (json?.kind === 'strings') {
    return { form: 'exec', args: json.items.map((item) => ({ text: item.text, range: line.range(item.start, item.end) })), range }
  }
  const text = line.text.slice(start, end)
  if (json?.kind === 'mixed') {
    fail(
      head,
      'JSON_INVALID',
      `The JSON array of ${head.name} has something else than strings in it`,
      range,
      'Put every item in double quotes.',
    )
    return undefined
  }
  if (looksLikeJson(text)) {
    head.report({
      severity: 'warning',
      code: 'JSON_INVALID',
      message: `The argument of ${head.name} is no valid JSON array, so the shell gets it as it is`,
      range,
      suggestion: 'Use double quotes and put commas between the items.',
    })
  }
  return { form: 'shell', text, range }
}

export function parseCmd(head: Head): CmdInstruction | InvalidInstruction {
  readFlags(head)
  if (head.start === head.end) return failMissing(head, 'a command', `Write ${head.name} [] to clear it.`)
  const command = parseCommand(head)
  return command === undefined ? invalid(head) : { kind: 'cmd', ...baseOf(head), command }
}

export function parseEntrypoint(head: Head): EntrypointInstruction | InvalidInstruction {
  const parsed = parseCmd(head)
  return parsed.kind === 'invalid' ? parsed : { ...parsed, kind: 'entrypoint' }
}

export function parseShell(head: Head): ShellInstruction | InvalidInstruction {
  readFlags(head)
  const range = head.line.range(head.start, head.end)
  if (head.start === head.end) return failMissing(head, 'a JSON array of strings')
  const json = parseJsonArray(head.line.text, head.start, head.end)
  if (json?.kind !== 'strings') {
    fail(head, 'JSON_INVALID', 'SHELL needs a JSON array of strings', range, 'Write for example SHELL ["/bin/bash", "-c"].')
    return invalid(head)
  }
  if (json.items.length === 0) return failMissing(head, 'at least one string')
  const args = json.items.map((item) => ({ text: item.text, range: head.line.range(item.start, item.end) }))
  return { kind: 'shell', ...baseOf(head), args }
}

export function parseRun(head: Head): RunInstruction | InvalidInstruction {
  const flags = readFlags(head, { mount: 'list', network: 'text', security: 'text', device: 'list' })
  if (head.start === head.end) return failMissing(head, 'a command')
  const json = parseJsonArray(head.line.text, head.start, head.end)
  const marks = json === undefined ? findHeredocs(head.line.text, head.start, head.end) : []
  const heredocs = head.readHeredocs(marks)
  if (json?.kind === 'strings' && json.items.length === 0) return failMissing(head, 'a command')
  const command = marks.length === 0 ? parseCommand(head) : heredocCommand(head, marks, heredocs)
  if (command === undefined) return invalid(head, heredocs)
  const mounts = flags.list('mount')
  for (const mount of mounts) checkMount(head, mount)
  return {
    kind: 'run',
    ...baseOf(head, heredocs),
    command,
    mounts,
    network: oneOf(head, flags.text('network'), ['default', 'none', 'host']),
    security: oneOf(head, flags.text('security'), ['sandbox', 'insecure']),
    devices: flags.list('device'),
  }
}

function heredocCommand(head: Head, marks: readonly HeredocMark[], heredocs: readonly Heredoc[]): Command {
  const range = head.line.range(head.start, head.end)
  const [mark] = marks
  const [heredoc] = heredocs
  if (mark !== undefined && heredoc !== undefined && mark.start === head.start && mark.end === head.end) {
    if (heredoc.content.startsWith('#!')) return { form: 'script', heredoc, range }
    return { form: 'shell', text: heredoc.content, range }
  }
  const text = head.line.text.slice(head.start, head.end)
  return { form: 'shell', text: text + heredocs.map(({ body, name }) => `\n${body}${name}`).join(''), range }
}

/** Options with variables can be judged only when they are known. */
function checkMount(head: Head, mount: Word): void {
  if (mount.text.includes('$')) return
  try {
    parseMount(mount)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    fail(head, 'FLAG_INVALID', error.message, mount.range, error.hint)
  }
}

function oneOf<T extends string>(head: Head, word: Word | undefined, values: readonly T[]): T | undefined {
  if (word === undefined) return undefined
  const value = values.find((candidate) => candidate === word.text)
  if (value === undefined)
    fail(head, 'FLAG_INVALID', `Invalid value ${JSON.stringify(word.text)}: it must be ${values.join(' or ')}`, word.range)
  return value
}
