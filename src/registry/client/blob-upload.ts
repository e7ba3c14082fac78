import { retry } from '../../kit/mod.ts'
import type { Descriptor } from '../../oci/mod.ts'
import { verify, type ByteStream } from '../../stream/mod.ts'
import { RegistryError } from './registry-error.ts'
import { joinSignals, type RepositorySession } from './repository-session.ts'
import type { HttpResponse } from './transport/message.ts'

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((done: number) => void) | undefined
}

/** HEAD: true when the registry has the blob in this repository, whole. */
export async function hasBlob(session: RepositorySession, { digest, size }: Descriptor, signal?: AbortSignal): Promise<boolean> {
  const response = await session.send({
    method: 'HEAD',
    target: `blobs/${digest}`,
    accept: [200, 404],
    kind: 'blob',
    what: `blob ${digest}`,
    signal,
  })
  await response.discard()
  const length = response.header('content-length')
  // A registry that lost a part of it gets it again.
  return response.status === 200 && (length === undefined || Number(length) === size)
}

/**
 * Pushes a blob in one piece: POST, then PUT to its Location (distribution-spec, "POST then PUT"). A failed try starts anew, unless it had arrived.
 * @throws RegistryError, StreamError when the source's bytes are not what the descriptor says
 */
export async function uploadBlob(
  session: RepositorySession,
  descriptor: Descriptor,
  open: (start: number) => Promise<ByteStream>,
  options: UploadOptions = {},
): Promise<void> {
  const signal = joinSignals(session.options.signal, options.signal)
  await retry(
    async (attempt) => {
      if (attempt > 1 && (await hasBlob(session, descriptor, signal))) return
      await uploadOnce(session, descriptor, open, { ...options, signal })
    },
    { attempts: Infinity, delay: (error, attempt) => session.delayBefore(attempt, error), signal },
  )
}

async function uploadOnce(
  session: RepositorySession,
  descriptor: Descriptor,
  open: (start: number) => Promise<ByteStream>,
  options: UploadOptions,
): Promise<void> {
  const { digest, size } = descriptor
  const { signal } = options
  const what = `upload of blob ${digest}`
  const started = await session.send({ method: 'POST', target: 'blobs/uploads/', accept: [202], kind: 'upload', what, signal })
  await started.discard()
  const finished = await session.send({
    method: 'PUT',
    target: withDigest(locationOf(started, session), digest),
    headers: { 'content-type': 'application/octet-stream' },
    body: { size, open: async () => counted(verify(await open(0), descriptor), options.onBytes) },
    accept: [201],
    kind: 'upload',
    what,
    retries: false,
    signal,
  })
  await finished.discard()
  checkDigest(finished, digest, session)
}

async function* counted(source: ByteStream, onBytes: UploadOptions['onBytes']): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of source) {
    yield piece
    // Asked for the next, so this one has left.
    done += piece.length
    onBytes?.(done)
  }
}

/** distribution-spec: Location may be relative and may carry a query, which has to stay as it is. */
export function locationOf(response: HttpResponse, session: RepositorySession): URL {
  const text = response.header('location')
  if (text === undefined || !URL.canParse(text, response.url))
    throw new RegistryError('PROTOCOL', `${session.name} accepted an upload without a usable Location`)
  const url = new URL(text, response.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RegistryError('PROTOCOL', `${session.name} wants the upload at ${url.protocol}`)
  // Registries behind a proxy that ends TLS often name themselves with http.
  if (session.origin.protocol === 'https:' && url.protocol === 'http:') {
    if (url.hostname !== session.origin.hostname)
      throw new RegistryError('PROTOCOL', `${session.name} wants the upload without TLS, at ${url.host}`)
    url.protocol = 'https:'
    url.port = session.origin.port
  }
  return url
}

export function withDigest(location: URL, digest: string): URL {
  const url = new URL(location)
  // Not through searchParams, which would write the rest of the query anew.
  url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`
  return url
}

/** Compares what the registry says that it stored. */
export function checkDigest(response: HttpResponse, digest: string, session: RepositorySession): void {
  const got = response.header('docker-content-digest')
  if (got !== undefined && got !== digest)
    throw new RegistryError('DIGEST_MISMATCH', `${session.name} stored ${digest} as ${got.slice(0, 200)}`)
}
