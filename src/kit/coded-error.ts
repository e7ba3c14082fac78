/**
 * An error that a caller can act on: `code` is its contract, `message` is for people.
 * Message: what failed, on what, wanted and got. Capital letter, no full stop.
 * `hint` says what to do next, as a sentence of its own.
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code
  readonly hint: string | undefined

  constructor(code: Code, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint
  }
}

/** The `code` of an error of ours or of Node's (`ENOENT`), or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
