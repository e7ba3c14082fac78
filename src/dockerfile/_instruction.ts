import { closest } from '../kit/mod.ts'
import type { Comment, Flag, Instruction, Word } from './ast.ts'
import { isBlank, skipSpaces, trimEnd } from './_chars.ts'
import { parseCmd, parseEntrypoint, parseRun, parseShell } from './_commands.ts'
import { parseAdd, parseCopy } from './_copy.ts'
import { readFlags } from './_flags.ts'
import { parseFrom } from './_from.ts'
import { baseOf, fail, failMissing, invalid, wordAt } from './_head.ts'
import type { Head, LineContext } from './_head.ts'
import { parseHealthcheck } from './_healthcheck.ts'
import { looksLikeJson, parseJsonArray } from './_json.ts'
import { parseArg, parseEnv, parseLabel } from './_key-values.ts'
import { parseOnbuild } from './_onbuild.ts'
import { splitBlanks, splitFlags } from './_words.ts'

const PARSERS: Readonly<Record<string, (head: Head) => Instruction>> = {
  FROM: parseFrom,
  RUN: parseRun,
  COPY: parseCopy,
  ADD: parseAdd,
  ENV: parseEnv,
  ARG: parseArg,
  LABEL: parseLabel,
  WORKDIR: (head) => parseWhole(head, 'a path', (path) => ({ kind: 'workdir', ...baseOf(head), path })),
  USER: (head) => parseWhole(head, 'a user', (user) => ({ kind: 'user', ...baseOf(head), user })),
  CMD: parseCmd,
  ENTRYPOINT: parseEntrypoint,
  EXPOSE: parseExpose,
  VOLUME: parseVolume,
  SHELL: parseShell,
  STOPSIGNAL: (head) => parseWhole(head, 'a signal', (signal) => ({ kind: 'stopsignal', ...baseOf(head), signal })),
  HEALTHCHECK: parseHealthcheck,
  ONBUILD: (head) => parseOnbuild(head, parseInstruction),
  MAINTAINER: (head) => parseWhole(head, 'a name', (name) => ({ kind: 'maintainer', ...baseOf(head), name })),
}

/** All keywords, upper case. */
export const KEYWORDS: readonly string[] = Object.keys(PARSERS)

/** Parses the instruction that starts at `from` of the line and takes the rest of it. */
export function parseInstruction(context: LineContext, from: number, docs: readonly Comment[]): Instruction {
  const head = parseHead(context, from, docs)
  const parser = Object.hasOwn(PARSERS, head.name) ? PARSERS[head.name] : undefined
  if (parser !== undefined) return parser(head)
  const near = closest(head.name, KEYWORDS)
  const suggestion = near === undefined ? 'To continue the line above, end it with the escape character.' : `Did you mean ${near}?`
  fail(head, 'INSTRUCTION_UNKNOWN', `Unknown instruction ${shorten(head.keyword.text)}`, head.keyword.range, suggestion)
  return invalid(head)
}

function parseHead(context: LineContext, from: number, docs: readonly Comment[]): Head {
  const { line } = context
  const { text } = line
  const start = skipSpaces(text, from)
  let keywordEnd = start
  while (keywordEnd < text.length && !isBlank(text[keywordEnd])) keywordEnd++
  const end = trimEnd(text, keywordEnd)
  const { flags, rest } = splitFlags(text, skipSpaces(text, keywordEnd, end), end, context.escape)
  const restStart = skipSpaces(text, rest, end)
  const keyword = wordAt(line, { start, end: Math.min(keywordEnd, Math.max(end, start)) })
  return {
    ...context,
    name: keyword.text.toUpperCase(),
    keyword,
    flags: flags.map((span): Flag => {
      const range = line.range(span.start, span.end)
      const equals = span.text.indexOf('=')
      return {
        name: span.text.slice(2, equals < 0 ? undefined : equals),
        value: equals < 0 ? undefined : span.text.slice(equals + 1),
        range,
        valueRange: span.valueStart === undefined ? range : line.range(span.valueStart, span.end),
      }
    }),
    start: restStart,
    end,
    docs,
  }
}

/** The whole rest is one word, blanks and quotes included. */
function parseWhole(head: Head, what: string, make: (word: Word) => Instruction): Instruction {
  readFlags(head)
  if (head.start === head.end) return failMissing(head, what)
  return make(wordAt(head.line, head))
}

function parseExpose(head: Head): Instruction {
  readFlags(head)
  const ports = splitBlanks(head.line.text, head.start, head.end).map((span) => wordAt(head.line, span))
  if (ports.length === 0) return failMissing(head, 'at least one port')
  return { kind: 'expose', ...baseOf(head), ports }
}

function parseVolume(head: Head): Instruction {
  readFlags(head)
  const { line, start, end } = head
  const json = parseJsonArray(line.text, start, end)
  if (json?.kind === 'mixed') {
    fail(head, 'JSON_INVALID', 'The JSON array of VOLUME has something else than strings in it', line.range(start, end))
    return invalid(head)
  }
  const paths =
    json?.items.map((item): Word => ({ text: item.text, range: line.range(item.start, item.end) })) ??
    splitBlanks(line.text, start, end).map((span) => wordAt(line, span))
  if (paths.length === 0) return failMissing(head, 'at least one path')
  const empty = paths.find(({ text }) => text.trim() === '')
  if (empty !== undefined) {
    fail(head, 'ARGUMENT_MISSING', 'A path of VOLUME is empty', empty.range)
    return invalid(head)
  }
  if (json === undefined && looksLikeJson(line.text.slice(start, end))) {
    const message = 'The argument of VOLUME is no valid JSON array, so it is split at blanks'
    head.report({ severity: 'warning', code: 'JSON_INVALID', message, range: line.range(start, end) })
  }
  return { kind: 'volume', ...baseOf(head), paths, json: json !== undefined }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
