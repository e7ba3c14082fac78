import type { ByteStream } from '../../stream/mod.ts'

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string | undefined>>

/** A request as a value: no socket in it. */
export interface RegistryRequest {
  readonly method: string
  /** As it came, percent-encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  /** The declared length of the body; undefined when it comes in chunks. 0 when there is none. */
  readonly contentLength: number | undefined
  /** May be read once. Throws when the client goes away before its end. */
  readonly body: ByteStream
  /** Aborted when the client goes away before its reply is complete. */
  readonly signal: AbortSignal
}

/** A reply as a value. `body` is left out of a reply to HEAD by whoever sends it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: Uint8Array | string | ByteStream
}

export function jsonReply(status: number, text: string, headers: Reply['headers'] = {}): Reply {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) },
    body: text,
  }
}

export function emptyReply(status: number, headers: Reply['headers'] = {}): Reply {
  // SPEC: RFC 9110 8.6, a 204 and a 304 have no Content-Length of their own.
  return { status, headers: status === 204 || status === 304 ? headers : { ...headers, 'content-length': '0' } }
}
