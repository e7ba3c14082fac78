import { CodedError } from '../../kit/mod.ts'

export type RegistryErrorCode =
  | 'UNREACHABLE'
  | 'TLS'
  | 'UNAUTHORIZED'
  | 'DENIED'
  | 'MANIFEST_UNKNOWN'
  | 'BLOB_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'RATE_LIMITED'
  | 'SERVER_ERROR'
  /** Any other status that says no. */
  | 'REJECTED'
  /** The answer is not what the distribution-spec promises. */
  | 'PROTOCOL'
  | 'DIGEST_MISMATCH'
  | 'TRUNCATED'
  | 'CREDENTIALS_INVALID'

export interface RegistryErrorOptions {
  readonly cause?: unknown
  readonly hint?: string
  readonly status?: number
  readonly retry?: RetryAdvice
}

/** Present when trying again may help; `after` is what the server asked for, in milliseconds. */
export interface RetryAdvice {
  readonly after?: number
}

export class RegistryError extends CodedError<RegistryErrorCode> {
  readonly status: number | undefined
  readonly retry: RetryAdvice | undefined

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(code, message, {
      ...(options.cause !== undefined && { cause: options.cause }),
      ...(options.hint !== undefined && { hint: options.hint }),
    })
    this.status = options.status
    this.retry = options.retry
  }
}
