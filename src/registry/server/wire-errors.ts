import { CodedError } from '../../kit/mod.ts'

/** Status and wire code of everything that a route can refuse. SPEC: distribution-spec, "Error Codes"; the wire knows fewer codes than we do. */
const TABLE = {
  BLOB_UNKNOWN: [404, 'BLOB_UNKNOWN'],
  BLOB_UPLOAD_INVALID: [400, 'BLOB_UPLOAD_INVALID'],
  BLOB_UPLOAD_UNKNOWN: [404, 'BLOB_UPLOAD_UNKNOWN'],
  BODY_ENCODED: [415, 'UNSUPPORTED'],
  BODY_TOO_LARGE: [413, 'SIZE_INVALID'],
  DENIED: [403, 'DENIED'],
  DIGEST_INVALID: [400, 'DIGEST_INVALID'],
  DISK_FULL: [507, 'INSUFFICIENT_STORAGE'],
  INTERNAL: [500, 'UNKNOWN'],
  MANIFEST_BLOB_UNKNOWN: [400, 'MANIFEST_BLOB_UNKNOWN'],
  MANIFEST_INVALID: [400, 'MANIFEST_INVALID'],
  MANIFEST_UNKNOWN: [404, 'MANIFEST_UNKNOWN'],
  MANIFEST_UNSUPPORTED: [415, 'MANIFEST_INVALID'],
  METHOD_UNSUPPORTED: [405, 'UNSUPPORTED'],
  NAME_INVALID: [400, 'NAME_INVALID'],
  NAME_UNKNOWN: [404, 'NAME_UNKNOWN'],
  PAGE_INVALID: [400, 'PAGINATION_NUMBER_INVALID'],
  RANGE_INVALID: [416, 'RANGE_INVALID'],
  ROUTE_UNKNOWN: [404, 'UNSUPPORTED'],
  SIZE_INVALID: [400, 'SIZE_INVALID'],
  TAG_INVALID: [400, 'TAG_INVALID'],
  TAGS_TOO_MANY: [414, 'UNSUPPORTED'],
  TOO_MANY_UPLOADS: [429, 'TOOMANYREQUESTS'],
  UNAUTHORIZED: [401, 'UNAUTHORIZED'],
} as const satisfies Readonly<Record<string, readonly [status: number, wireCode: string]>>

export type RegistryErrorCode = keyof typeof TABLE

export interface RegistryErrorOptions {
  readonly cause?: unknown
  readonly hint?: string
  /** Sent to the client as `detail`. */
  readonly detail?: unknown
  /** Sent with the error: `location` and `range` of a 416, `allow` of a 405. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a client is told. Never holds paths or anything else of this machine. */
export class RegistryError extends CodedError<RegistryErrorCode> {
  readonly detail: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(code: RegistryErrorCode, message: string, options: RegistryErrorOptions = {}) {
    super(code, message, options)
    this.detail = options.detail ?? null
    this.headers = options.headers ?? {}
  }
}

export function statusOf(code: RegistryErrorCode): number {
  return TABLE[code][0]
}

export function wireCodeOf(code: RegistryErrorCode): string {
  return TABLE[code][1]
}

/** `{"errors":[…]}`; several details of one code (every missing blob) become several entries. */
export function errorBody(error: RegistryError): string {
  const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`
  const details: readonly unknown[] = Array.isArray(error.detail) ? error.detail : [error.detail]
  return JSON.stringify({ errors: details.map((detail) => ({ code: wireCodeOf(error.code), message, detail })) })
}
