import type { AddInstruction, CopyInstruction, CopySource, Heredoc, InvalidInstruction, Word } from './ast.ts'
import { readFlags } from './_flags.ts'
import type { FlagKind, Flags } from './_flags.ts'
import { baseOf, fail, failMissing, invalid, wordAt } from './_head.ts'
import type { Head } from './_head.ts'
import { findHeredocs } from './_heredoc.ts'
import type { HeredocMark } from './_heredoc.ts'
import { looksLikeJson, parseJsonArray } from './_json.ts'
import { splitBlanks } from './_words.ts'

const SHARED: Readonly<Record<string, FlagKind>> = { chown: 'text', chmod: 'text', link: 'bool', exclude: 'list' }

export function parseCopy(head: Head): CopyInstruction | InvalidInstruction {
  const flags = readFlags(head, { from: 'text', parents: 'bool', ...SHARED })
  const members = parseMembers(head, flags)
  return members.kind === 'invalid' ? members : { ...members, kind: 'copy', from: flags.text('from') }
}

export function parseAdd(head: Head): AddInstruction | InvalidInstruction {
  const flags = readFlags(head, { checksum: 'text', 'keep-git-dir': 'bool', unpack: 'bool', ...SHARED })
  const members = parseMembers(head, flags)
  if (members.kind === 'invalid') return members
  return {
    ...members,
    kind: 'add',
    checksum: flags.text('checksum'),
    keepGitDir: flags.bool('keep-git-dir'),
    unpack: flags.bool('unpack'),
  }
}

type CopyMembers = Omit<CopyInstruction, 'from'>

function parseMembers(head: Head, flags: Flags): CopyMembers | InvalidInstruction {
  const { line, start, end } = head
  const json = parseJsonArray(line.text, start, end)
  if (json?.kind === 'mixed') {
    fail(head, 'JSON_INVALID', `The JSON array of ${head.name} has something else than strings in it`, line.range(start, end))
    return invalid(head)
  }
  const marks = json === undefined ? findHeredocs(line.text, start, end) : []
  const heredocs = head.readHeredocs(marks)
  const sources =
    json?.items.map((item): CopySource => {
      const word = { text: item.text, range: line.range(item.start, item.end) }
      return { kind: 'word', word, range: word.range }
    }) ?? wordsAndHeredocs(head, marks, heredocs)
  if (json === undefined && looksLikeJson(line.text.slice(start, end))) warnJson(head)
  const destination = sources.pop()
  if (destination === undefined) return failMissing(head, 'a source and a destination')
  if (destination.kind === 'heredoc') {
    fail(head, 'HEREDOC_INVALID', `${head.name} cannot write to a heredoc`, destination.range, 'The last word is the destination.')
    return invalid(head, heredocs)
  }
  if (sources.length === 0) {
    const hint = `Where to? Write ${head.name} ${destination.word.text} <destination>.`
    fail(head, 'ARGUMENT_MISSING', `${head.name} needs a source and a destination`, baseOf(head).range, hint)
    return invalid(head, heredocs)
  }
  return {
    kind: 'copy',
    ...baseOf(head, heredocs),
    sources,
    destination: destination.word,
    json: json !== undefined,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.bool('link') ?? false,
    parents: flags.bool('parents') ?? false,
    excludes: flags.list('exclude'),
  }
}

/** Words between blanks, but what belongs to a heredoc's word stays together. */
function wordsAndHeredocs(head: Head, marks: readonly HeredocMark[], heredocs: readonly Heredoc[]): CopySource[] {
  const sources: CopySource[] = []
  let index = head.start
  const addWords = (end: number): void => {
    for (const span of splitBlanks(head.line.text, index, end)) {
      const word: Word = wordAt(head.line, span)
      sources.push({ kind: 'word', word, range: word.range })
    }
  }
  for (const [number, mark] of marks.entries()) {
    const heredoc = heredocs[number]
    if (heredoc === undefined) break
    addWords(mark.start)
    sources.push({ kind: 'heredoc', heredoc, range: heredoc.range })
    index = mark.end
  }
  addWords(head.end)
  return sources
}

function warnJson(head: Head): void {
  head.report({
    severity: 'warning',
    code: 'JSON_INVALID',
    message: `The argument of ${head.name} is no valid JSON array, so it is split at blanks`,
    range: head.line.range(head.start, head.end),
    suggestion: 'Use double quotes and put commas between the items.',
  })
}
