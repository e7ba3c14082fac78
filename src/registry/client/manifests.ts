import {
  algorithmOf,
  isDigest,
  isIndexType,
  isManifestType,
  MANIFEST_TYPES,
  parseManifestDocument,
  type Descriptor,
  type Digest,
} from '../../oci/mod.ts'
import { digestBytes, readAll, StreamError, streamOf } from '../../stream/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { checkDigest } from './blob-upload.ts'
import { RegistryError } from './registry-error.ts'
import type { RepositorySession } from './repository-session.ts'
import type { HttpResponse } from './transport/message.ts'

export interface FetchedManifest {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/** The distribution-spec asks registries to take 4 MiB; some take more. */
const MANIFEST_LIMIT = 8 << 20
const ACCEPT = MANIFEST_TYPES.join(', ')

/** HEAD: the descriptor, or undefined when it is absent (404) or the headers do not say enough. HEAD costs nothing on Docker Hub's rate limit. */
export async function headManifest(session: RepositorySession, name: string, signal?: AbortSignal): Promise<Descriptor | undefined> {
  const call = {
    method: 'HEAD',
    target: `manifests/${name}`,
    headers: { accept: ACCEPT },
    kind: 'manifest',
    what: `manifest ${name}`,
  } as const
  // Registries without HEAD, or with an answer that has no text, are asked again with GET.
  const response = await session.send({ ...call, accept: [200, 400, 404, 405, 406, 501], signal })
  await response.discard()
  if (response.status !== 200) return undefined
  const digest = response.header('docker-content-digest') ?? (isDigest(name) ? name : undefined)
  const size = Number(response.header('content-length') ?? Number.NaN)
  const mediaType = typeOf(response)
  if (digest === undefined || !isDigest(digest) || !Number.isSafeInteger(size) || !(isIndexType(mediaType) || isManifestType(mediaType)))
    return undefined
  return { mediaType, digest, size }
}

/**
 * GET: the exact bytes, and what they are. `name` is a tag or a digest; a digest is verified.
 * @throws RegistryError, ManifestError when it is of a kind that we do not know
 */
export async function getManifest(session: RepositorySession, name: string, signal?: AbortSignal): Promise<FetchedManifest> {
  const what = `manifest ${name}`
  const response = await session.send({
    method: 'GET',
    target: `manifests/${name}`,
    headers: { accept: ACCEPT },
    accept: [200],
    kind: 'manifest',
    what,
    signal,
  })
  const announced = response.header('docker-content-digest')
  const bytes = await read(response, session, what)
  const digest = wantedDigest(name, announced) ?? digestBytes(bytes)
  verifyBytes(session, what, bytes, digest)
  const mediaType = typeOfDocument(session, what, bytes, typeOf(response))
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes }
}

/** GET by digest: bytes that are exactly what the descriptor says. @throws RegistryError */
export async function readManifest(session: RepositorySession, descriptor: Descriptor, signal?: AbortSignal): Promise<Uint8Array> {
  const what = `manifest ${descriptor.digest}`
  const call = { method: 'GET', target: `manifests/${descriptor.digest}`, headers: { accept: ACCEPT } } as const
  const response = await session.send({ ...call, accept: [200], kind: 'manifest', what, signal })
  const bytes = await read(response, session, what)
  verifyBytes(session, what, bytes, descriptor.digest)
  if (bytes.length !== descriptor.size) {
    throw new RegistryError(
      'DIGEST_MISMATCH',
      `${what} of ${session.name} has ${bytes.length} bytes, its descriptor says ${descriptor.size}`,
    )
  }
  return bytes
}

/** PUT under a digest or a tag. Idempotent. @throws RegistryError */
export async function putManifest(
  session: RepositorySession,
  name: string,
  { descriptor, bytes }: FetchedManifest,
  signal?: AbortSignal,
): Promise<void> {
  const response = await session.send({
    method: 'PUT',
    target: `manifests/${name}`,
    headers: { 'content-type': descriptor.mediaType },
    body: { size: bytes.length, open: () => Promise.resolve(streamOf(bytes)) },
    accept: [201],
    kind: 'manifest',
    what: `manifest ${name}`,
    signal,
  })
  await response.discard()
  checkDigest(response, descriptor.digest, session)
}

async function read(response: HttpResponse, session: RepositorySession, what: string): Promise<Uint8Array> {
  try {
    return await readAll(response.body, MANIFEST_LIMIT)
  } catch (error) {
    if (error instanceof StreamError)
      throw new RegistryError('PROTOCOL', `${what} of ${session.name} is larger than ${MANIFEST_LIMIT} bytes`, { cause: error })
    throw session.explain(error, what)
  }
}

function wantedDigest(name: string, announced: string | undefined): Digest | undefined {
  if (isDigest(name)) return name
  return announced !== undefined && isDigest(announced) ? announced : undefined
}

function verifyBytes(session: RepositorySession, what: string, bytes: Uint8Array, want: Digest): void {
  const got = digestBytes(bytes, algorithmOf(want))
  if (got === want) return
  throw new RegistryError('DIGEST_MISMATCH', `${what} of ${session.name} is damaged: wanted ${want}, got ${got} in ${bytes.length} bytes`, {
    hint: 'The registry, or something between, changes what it sends: tell whoever runs it, or push the image again.',
  })
}

function typeOfDocument(session: RepositorySession, what: string, bytes: Uint8Array, contentType: string): string {
  try {
    return parseManifestDocument(bytes, contentType).mediaType
  } catch (cause) {
    if (codeOf(cause) !== 'MANIFEST_INVALID') throw cause
    throw new RegistryError('PROTOCOL', `${session.name} sent no manifest for ${what}: ${(cause as Error).message}`, {
      cause,
      hint: 'Check that this is the address of a registry.',
    })
  }
}

function typeOf(response: HttpResponse): string {
  return response.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
