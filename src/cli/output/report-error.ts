import { CodedError } from '../../kit/mod.ts'
import type { Output } from '../context.ts'
import { Exit, ExitCode } from '../exit-code.ts'

/** Says what failed and what to do next; a stack only for our own bugs. Returns the exit code. */
export function reportError(
  error: unknown,
  options: { readonly stderr: Output; readonly signal: AbortSignal; readonly failure: number },
): number {
  const { stderr, signal, failure } = options
  // What failed first says more than what failed while cleaning up after it.
  if (error instanceof SuppressedError) return reportError(error.suppressed, options)
  if (signal.aborted) {
    stderr.write('lamina: Interrupted\n')
    return signal.reason instanceof Exit ? signal.reason.code : ExitCode.interrupted
  }
  if (error instanceof CodedError) {
    stderr.write(`lamina: ${error.message}\n${causes(error)}`)
    const hint = hintOf(error)
    if (hint !== undefined) stderr.write(indent(hint))
    return failure
  }
  if (isDatabaseError(error)) {
    stderr.write(
      `lamina: The store's database cannot be used: ${error.message}\n  A full disk? 'df' tells; then run the same command again\n`,
    )
    return failure
  }
  if (isSystemError(error)) {
    stderr.write(`lamina: ${describeSystemError(error)}\n`)
    return failure
  }
  stderr.write(`lamina: This is a bug in lamina, please report it:\n${error instanceof Error ? error.stack : String(error)}\n`)
  return ExitCode.bug
}

function hintOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof CodedError && at.hint !== undefined) return at.hint
  return undefined
}

function causes(error: Error): string {
  let text = ''
  let before = error.message
  for (let at = error.cause; at instanceof Error; at = at.cause) {
    const message = isSystemError(at) ? describeSystemError(at) : at.message
    if (!before.includes(message)) text += indent(`because: ${message}`)
    before = message
  }
  return text
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('')
}

type SystemError = Error & { readonly code: string; readonly syscall: string; readonly path?: string }

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ENOSPC: 'No space left on the filesystem',
  EROFS: 'The filesystem is read-only',
  EADDRINUSE: 'The address is in use already',
  EADDRNOTAVAIL: 'The address is not one of this machine',
  EMFILE: 'Too many open files',
}

function describeSystemError(error: SystemError): string {
  const reason = REASONS[error.code]
  if (reason === undefined) return error.message
  return error.path === undefined ? `${reason} (${error.syscall}: ${error.message})` : `${reason}: ${error.path} (${error.syscall})`
}

function isDatabaseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}
