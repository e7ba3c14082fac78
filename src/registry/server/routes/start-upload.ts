import { randomUUID } from 'node:crypto'
import type { Algorithm, Digest } from '../../../oci/mod.ts'
import { isRepositoryName } from '../../../oci/mod.ts'
import type { RegistryRequest, Reply } from '../message.ts'
import type { Registry } from '../registry.ts'
import { digestOf } from '../target.ts'
import { RegistryError } from '../wire-errors.ts'
import { storeUpload } from './_store-upload.ts'
import { digestParameter, pushed, uploadReply } from './_upload-replies.ts'

/** Sessions that may be open at once: each costs a file. */
const MOST_SESSIONS = 10_000
/** Repositories that are asked about in turn when a client does not say where to mount from. */
const MOST_SOURCES = 20

/**
 * POST /v2/<name>/blobs/uploads/ (end-4a), with `mount` (end-11), with `digest` and the whole blob as its body (end-4b),
 * with `digest-algorithm`.
 */
export async function startUpload(registry: Registry, request: RegistryRequest, repository: string): Promise<Reply> {
  const { query } = request
  const mount = query.get('mount')
  if (mount !== null && (await tryMount(registry, request, { repository, digest: digestOf(mount), from: query.get('from') }))) {
    return pushed(repository, mount as Digest)
  }
  const digest = query.has('digest') ? digestParameter(query) : undefined
  if (digest !== undefined) return pushWhole(registry, request, { repository, digest })

  const algorithm = announcedAlgorithm(query.get('digest-algorithm'))
  if ((await registry.sessions.count()) >= MOST_SESSIONS) {
    throw new RegistryError('TOO_MANY_UPLOADS', 'Too many uploads are open', { headers: { 'retry-after': '60' } })
  }
  const id = randomUUID()
  await registry.uploads.begin(id, algorithm)
  try {
    await registry.sessions.create({ id, repository, algorithm, startedAt: Date.now() })
  } catch (error) {
    await registry.uploads.cancel(id)
    throw error
  }
  return uploadReply(202, { repository, id, size: 0 })
}

interface Mount {
  readonly repository: string
  readonly digest: Digest
  readonly from: string | null
}

/**
 * SECURITY: CVE-2024-39897. A mount needs the right to read a repository that has the blob; what is missing and what is forbidden
 * both fall back to an upload, so nobody learns what others have.
 */
async function tryMount(registry: Registry, request: RegistryRequest, { repository, digest, from }: Mount): Promise<boolean> {
  const { metadata, blobs, authorize } = registry
  const own = await metadata.findBlob(repository, digest)
  // SPEC: without `from` the registry may look itself ("automatic content discovery").
  const sources = own !== undefined ? [repository] : from !== null ? [from] : await metadata.repositoriesWith(digest, MOST_SOURCES)
  for (const source of sources) {
    if (!isRepositoryName(source)) continue
    const blob = await metadata.findBlob(source, digest)
    if (blob === undefined) continue
    if (source !== repository && (await authorize(request, { type: 'repository', name: source, action: 'pull' })) !== 'allow') continue
    await using held = await blobs.hold(blob.content)
    if (held?.size !== blob.size) continue
    await metadata.putBlob(repository, blob)
    return true
  }
  return false
}

async function pushWhole(
  registry: Registry,
  request: RegistryRequest,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
): Promise<Reply> {
  const { uploads } = registry
  const id = randomUUID()
  await uploads.begin(id, digest.startsWith('sha512:') ? 'sha512' : 'sha256')
  try {
    await uploads.append(id, request.body, { at: 0, length: request.contentLength })
    await storeUpload(registry, { id, repository, digest })
  } catch (error) {
    // Nobody knows the ID: it cannot be gone on with.
    await uploads.cancel(id)
    throw error
  }
  return pushed(repository, digest)
}

function announcedAlgorithm(text: string | null): Algorithm {
  if (text === null || text === 'sha256' || text === 'sha512') return text ?? 'sha256'
  throw new RegistryError(
    'DIGEST_INVALID',
    `Unsupported digest algorithm ${JSON.stringify(text.slice(0, 40))}: sha256 and sha512 are supported`,
  )
}
