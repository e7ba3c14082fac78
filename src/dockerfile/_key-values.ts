import type { ArgDeclaration, ArgInstruction, EnvInstruction, InvalidInstruction, KeyValue, LabelInstruction } from './ast.ts'
import { isBlank } from './_chars.ts'
import { readFlags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid, wordAt } from './_head.ts'
import type { Head } from './_head.ts'
import { splitQuoted } from './_words.ts'
import type { Span } from './_words.ts'

export function parseEnv(head: Head): EnvInstruction | InvalidInstruction {
  return parsePairs(head, (members) => ({ kind: 'env', ...members }))
}

export function parseLabel(head: Head): LabelInstruction | InvalidInstruction {
  return parsePairs(head, (members) => ({ kind: 'label', ...members }))
}

type PairMembers = Omit<EnvInstruction, 'kind'>

function parsePairs<T>(head: Head, make: (members: PairMembers) => T): T | InvalidInstruction {
  readFlags(head)
  const { line, start, end } = head
  const spans = splitQuoted(line.text, start, end, head.escape)
  const first = spans[0]
  if (first === undefined) return failMissing(head, 'at least one name=value')
  // The first word alone decides between the two forms.
  const legacy = !line.text.slice(first.start, first.end).includes('=')
  const pairs = legacy ? legacyPair(head) : spans.map((span) => pairOf(head, span))
  const sound = pairs.filter((pair) => pair !== undefined)
  if (sound.length < pairs.length) return invalid(head)
  return make({ ...baseOf(head), pairs: sound, legacy })
}

/** `ENV key the rest of the line`: only the first blanks separate. */
function legacyPair(head: Head): (KeyValue | undefined)[] {
  const { line, start, end } = head
  let keyEnd = start
  while (keyEnd < end && !isBlank(line.text[keyEnd])) keyEnd++
  let valueStart = keyEnd
  while (valueStart < end && isBlank(line.text[valueStart])) valueStart++
  const key = wordAt(line, { start, end: keyEnd })
  if (valueStart === end) {
    fail(head, 'KEY_VALUE_INVALID', `${head.name} ${key.text} has no value`, key.range, `Write ${head.name} ${key.text}=value.`)
    return [undefined]
  }
  return [{ key, value: wordAt(line, { start: valueStart, end }), range: line.range(start, end) }]
}

function pairOf(head: Head, span: Span): KeyValue | undefined {
  const { line } = head
  const word = wordAt(line, span)
  const equals = word.text.indexOf('=')
  if (equals < 0) {
    fail(head, 'KEY_VALUE_INVALID', `${JSON.stringify(word.text)} is no name=value`, word.range, 'Quote a value that has blanks in it.')
    return undefined
  }
  if (equals === 0) {
    fail(head, 'KEY_VALUE_INVALID', `${JSON.stringify(word.text)} has no name before =`, word.range)
    return undefined
  }
  const middle = span.start + equals
  return {
    key: wordAt(line, { start: span.start, end: middle }),
    value: wordAt(line, { start: middle + 1, end: span.end }),
    range: word.range,
  }
}

export function parseArg(head: Head): ArgInstruction | InvalidInstruction {
  readFlags(head)
  const spans = splitQuoted(head.line.text, head.start, head.end, head.escape)
  if (spans.length === 0) return failMissing(head, 'at least one name')
  const args = spans.map((span) => declarationOf(head, span)).filter((declaration) => declaration !== undefined)
  return args.length < spans.length ? invalid(head) : { kind: 'arg', ...baseOf(head), args }
}

function declarationOf(head: Head, span: Span): ArgDeclaration | undefined {
  const word = wordAt(head.line, span)
  if (word.text.includes('=')) return pairAsDeclaration(pairOf(head, span))
  return { name: word, value: undefined, range: word.range }
}

function pairAsDeclaration(pair: KeyValue | undefined): ArgDeclaration | undefined {
  return pair && { name: pair.key, value: pair.value, range: pair.range }
}
