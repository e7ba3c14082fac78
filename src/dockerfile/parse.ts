import type { Comment, Dockerfile, Escape, Heredoc, Instruction } from './ast.ts'
import { isSpace, skipSpaces, trim } from './_chars.ts'
import { commentOf, parseHeader } from './_directives.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { HeredocMark } from './_heredoc.ts'
import { parseInstruction } from './_instruction.ts'
import { LogicalLine, splitLines } from './_lines.ts'
import type { PhysicalLine, Piece, SourceLines } from './_lines.ts'
import type { Range } from './range.ts'

/** Parses a Dockerfile. Never throws: what is wrong is in the diagnostics, in order of appearance. */
export function parseDockerfile(source: string): Dockerfile {
  const lines = splitLines(source)
  const header = parseHeader(lines)
  const body = parseBody(lines, header.next, header.escape)
  const diagnostics = [...header.diagnostics, ...body.diagnostics]
  if (body.instructions.length === 0 && !diagnostics.some(({ severity }) => severity === 'error')) {
    const range = lines.range(source.length, source.length)
    diagnostics.push({ severity: 'error', code: 'DOCKERFILE_EMPTY', message: 'The Dockerfile has no instructions', range })
  }
  return {
    source,
    directives: header.directives,
    escape: header.escape,
    instructions: body.instructions,
    comments: [...header.comments, ...body.comments],
    diagnostics: diagnostics.toSorted((a, b) => a.range.start.offset - b.range.start.offset),
  }
}

/** Parses text without a header, every range in it being `at`. */
export function parseLines(text: string, { escape, at }: { readonly escape: Escape; readonly at: Range }): Body {
  return parseBody({ ...splitLines(text), range: () => at }, 0, escape)
}

export interface Body {
  readonly instructions: Instruction[]
  readonly comments: Comment[]
  readonly diagnostics: Diagnostic[]
}

function parseBody(lines: SourceLines, first: number, escape: Escape): Body {
  const body: Body = { instructions: [], comments: [], diagnostics: [] }
  let docs: Comment[] = []
  let index = first
  for (;;) {
    const line = lines.lines[index]
    if (line === undefined) return body
    if (isComment(line)) {
      const comment = commentOf(lines, line)
      body.comments.push(comment)
      // An empty comment ends what documents the instruction, as in BuildKit.
      if (comment.text === '') docs = []
      else docs.push(comment)
      index++
    } else if (isEmpty(line)) index++
    else {
      index = parseLine({ lines, index, escape, docs, body })
      docs = []
    }
  }
}

interface LineStart {
  readonly lines: SourceLines
  readonly index: number
  readonly escape: Escape
  readonly docs: readonly Comment[]
  readonly body: Body
}

/** Parses the instruction that starts at line `index` and returns the index of the line after it. */
function parseLine({ lines, index, escape, docs, body }: LineStart): number {
  const report = (diagnostic: Diagnostic): void => void body.diagnostics.push(diagnostic)
  const joined = joinLines({ lines, index, escape, docs, body })
  let { next } = joined
  const readHeredocs = (marks: readonly HeredocMark[]): Heredoc[] =>
    marks.map((mark) => {
      const read = readHeredoc(lines, next, joined.line, mark, report)
      next = read.next
      return read.heredoc
    })
  // A continuation mark with nothing after it to the end of the file says nothing.
  if (trim(joined.line.text) === '') return next
  body.instructions.push(parseInstruction({ line: joined.line, escape, report, readHeredocs }, 0, docs))
  return next
}

/** Joins continued lines. Comment lines and empty lines between them are left out; leading blanks of all but the first are kept. */
function joinLines({ lines, index, escape, body }: LineStart): { line: LogicalLine; next: number } {
  const pieces: Piece[] = []
  let text = ''
  let next = index
  let continued = true
  let empty: PhysicalLine | undefined
  for (let line = lines.lines[next]; continued && line !== undefined; line = lines.lines[++next]) {
    if (next > index && isComment(line)) {
      body.comments.push(commentOf(lines, line))
      continue
    }
    if (next > index && isEmpty(line)) {
      empty ??= line
      continue
    }
    const start = next === index ? skipSpaces(line.text, 0) : 0
    const mark = continuationMark(line.text, start, escape)
    continued = mark >= 0
    const taken = line.text.slice(start, continued ? mark : undefined)
    if (taken === '') continue
    pieces.push({ at: text.length, offset: line.start + start })
    text += taken
  }
  if (empty !== undefined) {
    body.diagnostics.push({
      severity: 'warning',
      code: 'CONTINUATION_EMPTY',
      message: 'An empty line stands within a continued instruction',
      range: lines.range(empty.start, empty.end),
      suggestion: 'Remove the line, or make a comment of it.',
    })
  }
  return { line: new LogicalLine(lines, pieces, text), next }
}

/** Index of the escape character that continues the line, or -1: the last one but for blanks, and not escaped itself. */
function continuationMark(text: string, start: number, escape: Escape): number {
  let index = text.length - 1
  while (index > start && (text[index] === ' ' || text[index] === '\t')) index--
  if (text[index] !== escape || index < start) return -1
  return index > start && text[index - 1] === escape ? -1 : index
}

function readHeredoc(
  lines: SourceLines,
  first: number,
  line: LogicalLine,
  mark: HeredocMark,
  report: (diagnostic: Diagnostic) => void,
): { heredoc: Heredoc; next: number } {
  const { name, expand, stripTabs, fileDescriptor } = mark
  const range = line.range(mark.start, mark.end)
  const start = lines.lines[first]?.start ?? lines.source.length
  const make = (end: number, terminator: PhysicalLine | undefined): Heredoc => {
    const body = lines.source.slice(start, end)
    const content = stripTabs ? body.replace(/(^|\n)\t+/g, '$1') : body
    const endRange = lines.range(terminator?.start ?? end, terminator?.end ?? end)
    return { name, body, content, expand, stripTabs, fileDescriptor, range, bodyRange: lines.range(start, end), endRange }
  }
  let index = first
  for (let candidate = lines.lines[index]; candidate !== undefined; candidate = lines.lines[++index]) {
    const text = stripTabs ? candidate.text.replace(/^\t+/, '') : candidate.text
    if (text === name) return { heredoc: make(candidate.start, candidate), next: index + 1 }
  }
  const glued = /[|&;<>()]/.exec(name)
  report({
    severity: 'error',
    code: 'HEREDOC_UNTERMINATED',
    message: `No line ${JSON.stringify(name)} ends the heredoc`,
    range,
    suggestion:
      glued === null
        ? `Put ${name} alone on a line, without blanks${stripTabs ? ' (tabs before it are fine)' : ''}.`
        : `Put a blank before ${JSON.stringify(glued[0])}: it is taken as part of the terminating word.`,
  })
  return { heredoc: make(lines.source.length, undefined), next: lines.lines.length }
}

function isComment({ text }: PhysicalLine): boolean {
  return text[skipSpaces(text, 0)] === '#'
}

function isEmpty({ text }: PhysicalLine): boolean {
  for (const character of text) if (!isSpace(character)) return false
  return true
}
