import type { Range } from './range.ts'

export type DiagnosticCode =
  | 'DIRECTIVE_INVALID'
  | 'DIRECTIVE_REPEATED'
  | 'SYNTAX_UNSUPPORTED'
  | 'INSTRUCTION_UNKNOWN'
  | 'INSTRUCTION_INVALID'
  | 'ARGUMENT_MISSING'
  | 'ARGUMENT_EXTRA'
  | 'FLAG_UNKNOWN'
  | 'FLAG_REPEATED'
  | 'FLAG_INVALID'
  | 'HEREDOC_UNTERMINATED'
  | 'HEREDOC_INVALID'
  | 'JSON_INVALID'
  | 'KEY_VALUE_INVALID'
  | 'NAME_INVALID'
  | 'CONTINUATION_EMPTY'
  | 'STAGE_MISSING'
  | 'STAGE_REPEATED'
  | 'HEALTHCHECK_INVALID'
  | 'DOCKERFILE_EMPTY'

/** A finding about the user's text. An `error` means that the file cannot be built. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly code: DiagnosticCode
  /** What is wrong, on what. Capital letter, no full stop. */
  readonly message: string
  readonly range: Range
  /** What to do about it, as a sentence. */
  readonly suggestion?: string | undefined
}
