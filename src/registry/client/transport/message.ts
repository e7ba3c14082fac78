import { CodedError } from '../../../kit/mod.ts'
import type { ByteStream } from '../../../stream/mod.ts'

/** A body that can be sent again. */
export interface RequestBody {
  readonly size: number
  open(): Promise<ByteStream>
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: RequestBody | undefined
  readonly signal?: AbortSignal | undefined
}

export interface HttpResponse {
  readonly status: number
  /** Where it came from in the end, after redirects. */
  readonly url: URL
  header(name: string): string | undefined
  headers(name: string): readonly string[]
  /** Can be read once. Throws TransportError INTERRUPTED when it ends before its length. */
  readonly body: ByteStream
  /** Frees the connection without reading a long body. Must be called unless `body` is read. */
  discard(): Promise<void>
}

/**
 * UNREACHABLE: no connection. TLS: no trust. INTERRUPTED: connection lost or silent, trying again may help.
 * PROTOCOL: not HTTP, or redirects that we do not follow.
 */
export class TransportError extends CodedError<'UNREACHABLE' | 'TLS' | 'INTERRUPTED' | 'PROTOCOL'> {}

export interface Transport extends Disposable {
  /** Follows redirects. @throws TransportError, the signal's reason, or what the body throws */
  fetch(request: HttpRequest): Promise<HttpResponse>
}
