import type { Descriptor } from '../../oci/mod.ts'
import { sleep } from '../../kit/mod.ts'
import { PIECE } from '../../stream/mod.ts'
import { RegistryError } from './registry-error.ts'
import { joinSignals, type RepositorySession } from './repository-session.ts'
import type { HttpResponse } from './transport/message.ts'

export interface DownloadOptions {
  readonly start?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A blob's bytes from `start` on. When a transfer breaks it goes on by Range where it stopped; each MiB received gives new tries.
 * Nothing is asked before the first piece is. Not verified, but never longer than the descriptor says.
 * @throws RegistryError
 */
export async function* downloadBlob(
  session: RepositorySession,
  descriptor: Descriptor,
  options: DownloadOptions = {},
): AsyncGenerator<Uint8Array> {
  const { size } = descriptor
  const signal = joinSignals(session.options.signal, options.signal)
  let at = options.start ?? 0
  let attempt = 1
  let paid = at
  while (at < size) {
    try {
      for await (const piece of bytesFrom(session, descriptor, at, signal)) {
        at += piece.length
        if (at > size) throw new RegistryError('PROTOCOL', `${session.name} sent more than the ${size} bytes of ${descriptor.digest}`)
        if (at - paid >= PIECE) {
          paid = at
          attempt = 1
        }
        yield piece
      }
      if (at < size) throw truncated(session, descriptor, at)
    } catch (error) {
      signal?.throwIfAborted()
      const reason =
        at > (options.start ?? 0)
          ? truncatedBy(session.explain(error, `blob ${descriptor.digest}`), session, descriptor, at)
          : session.explain(error, `blob ${descriptor.digest}`)
      const delay = session.delayBefore(++attempt, reason)
      if (delay === undefined) throw reason
      await sleep(delay, signal)
    }
  }
}

async function* bytesFrom(
  session: RepositorySession,
  { digest }: Descriptor,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const response = await session.send({
    method: 'GET',
    target: `blobs/${digest}`,
    headers: start > 0 ? { range: `bytes=${start}-` } : {},
    accept: start > 0 ? [200, 206] : [200],
    kind: 'blob',
    what: `blob ${digest}`,
    retries: false,
    signal,
  })
  // SPEC: RFC 9110 section 14.2, a server may ignore Range; then what we have is skipped.
  let skip = response.status === 206 ? skipOf(response, start, session) : start
  for await (const piece of response.body) {
    const rest = skip === 0 ? piece : piece.subarray(Math.min(skip, piece.length))
    skip -= piece.length - rest.length
    if (rest.length > 0) yield rest
  }
}

/** How much of a partial answer lies before what we asked for. */
function skipOf(response: HttpResponse, start: number, session: RepositorySession): number {
  const text = response.header('content-range') ?? ''
  const first = Number(/^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(text)?.[1] ?? Number.NaN)
  if (first <= start) return start - first
  throw new RegistryError('PROTOCOL', `${session.name} answered the range from ${start} on with ${JSON.stringify(text.slice(0, 100))}`)
}

function truncated(session: RepositorySession, descriptor: Descriptor, at: number): RegistryError {
  return new RegistryError('TRUNCATED', `${session.name} sent only ${at} of the ${descriptor.size} bytes of ${descriptor.digest}`, {
    hint: 'Try again: what has arrived is kept.',
    retry: {},
  })
}

/** A connection that breaks in the middle of a blob is a truncated blob, not an unreachable registry. */
function truncatedBy(error: unknown, session: RepositorySession, descriptor: Descriptor, at: number): unknown {
  if (!(error instanceof RegistryError) || error.code !== 'UNREACHABLE' || error.retry === undefined) return error
  const reason = truncated(session, descriptor, at)
  return new RegistryError(reason.code, reason.message, {
    cause: error,
    retry: {},
    ...(reason.hint !== undefined && { hint: reason.hint }),
  })
}
