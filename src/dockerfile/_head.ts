import type { Comment, Escape, Flag, Heredoc, InvalidInstruction, Word } from './ast.ts'
import type { Diagnostic, DiagnosticCode } from './diagnostic.ts'
import type { HeredocMark } from './_heredoc.ts'
import type { LogicalLine } from './_lines.ts'
import type { Span } from './_words.ts'
import type { Range } from './range.ts'

/** The logical line that an instruction is on, and what is needed to parse it. */
export interface LineContext {
  readonly line: LogicalLine
  readonly escape: Escape
  readonly report: (diagnostic: Diagnostic) => void
  /** Takes the bodies from the lines that follow; may be called once. */
  readonly readHeredocs: (marks: readonly HeredocMark[]) => readonly Heredoc[]
}

/** An instruction split into keyword, flags and rest, before its own grammar is applied to the rest. */
export interface Head extends LineContext {
  /** Upper case. */
  readonly name: string
  readonly keyword: Word
  readonly flags: readonly Flag[]
  /** Of the rest in the line, without blanks around it. */
  readonly start: number
  readonly end: number
  readonly docs: readonly Comment[]
}

export function wordAt(line: LogicalLine, { start, end }: Span): Word {
  return { text: line.text.slice(start, end), range: line.range(start, end) }
}

/** The members that all instructions share. */
export function baseOf(head: Head, heredocs: readonly Heredoc[] = []): Omit<InvalidInstruction, 'kind'> {
  const rest = wordAt(head.line, head)
  const last = heredocs.at(-1)
  const lineEnd = head.line.range(head.end, head.end).end
  return {
    range: { start: head.keyword.range.start, end: last === undefined ? lineEnd : last.endRange.end },
    keyword: head.keyword,
    flags: head.flags,
    rest,
    heredocs,
    docs: head.docs,
  }
}

export function fail(head: LineContext, code: DiagnosticCode, message: string, range: Range, suggestion?: string): void {
  head.report({ severity: 'error', code, message, range, suggestion })
}

/** Reports that the instruction has nothing, or too little, after its keyword. */
export function failMissing(head: Head, what: string, suggestion?: string): InvalidInstruction {
  fail(head, 'ARGUMENT_MISSING', `${head.name} needs ${what}`, baseOf(head).range, suggestion)
  return invalid(head)
}

export function invalid(head: Head, heredocs: readonly Heredoc[] = []): InvalidInstruction {
  return { kind: 'invalid', ...baseOf(head, heredocs) }
}
