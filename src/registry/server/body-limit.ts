import type { ByteStream } from '../../stream/mod.ts'
import type { RegistryRequest } from './message.ts'
import type { Target } from './target.ts'
import { RegistryError } from './wire-errors.ts'

export interface BodyLimits {
  /** Bytes of a manifest or image index. SPEC: at least 4 MB should be accepted. */
  readonly manifest: number
  /** Bytes of one request that carries blob bytes. */
  readonly blob: number
}

export const DEFAULT_LIMITS: BodyLimits = { manifest: 8 << 20, blob: Number.MAX_SAFE_INTEGER }

/** The one body-limit gate: every request passes it before its route; what has no use for a body may have 64 KiB of it. */
export function limitBody(request: RegistryRequest, target: Target, limits: BodyLimits): RegistryRequest {
  const max = maximum(request.method, target, limits)
  if (request.contentLength !== undefined && request.contentLength > max) throw tooLarge(max)
  if (request.contentLength === 0 || max === Number.MAX_SAFE_INTEGER) return request
  return { ...request, body: limited(request.body, max) }
}

function maximum(method: string, target: Target, limits: BodyLimits): number {
  if (target.kind === 'manifest' && method === 'PUT') return limits.manifest
  if ((target.kind === 'uploads' || target.kind === 'upload') && (method === 'POST' || method === 'PUT' || method === 'PATCH'))
    return limits.blob
  return 64 << 10
}

async function* limited(source: ByteStream, max: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const piece of source) {
    size += piece.byteLength
    if (size > max) throw tooLarge(max)
    yield piece
  }
}

function tooLarge(max: number): RegistryError {
  return new RegistryError('BODY_TOO_LARGE', `The body is larger than the ${max} bytes that are accepted here`)
}
