import type { Digest } from '../../../oci/mod.ts'
import { emptyReply, type RegistryRequest, type Reply } from '../message.ts'
import type { Registry } from '../registry.ts'
import type { ManifestReference } from '../target.ts'
import { RegistryError } from '../wire-errors.ts'
import { matches } from './blobs.ts'

export interface ManifestTarget {
  readonly repository: string
  readonly reference: ManifestReference
}

/** GET and HEAD /v2/<name>/manifests/<reference> (end-3): the exact bytes as pushed, with the type as pushed, whatever Accept says. */
export async function getManifest({ metadata, blobs }: Registry, request: RegistryRequest, target: ManifestTarget): Promise<Reply> {
  const { repository, reference } = target
  const manifest = await metadata.findManifest(repository, reference)
  if (manifest === undefined) throw unknownManifest(target)
  const { digest, content, size, mediaType } = manifest
  const etag = `"${digest}"`
  const headers = {
    'content-type': mediaType,
    'content-length': String(size),
    'docker-content-digest': digest,
    etag,
    'cache-control': reference.kind === 'digest' ? 'max-age=31536000, immutable' : 'no-cache',
    'x-content-type-options': 'nosniff',
  }
  if (matches(request.headers['if-none-match'], etag)) return emptyReply(304, headers)
  if (request.method === 'HEAD') {
    if ((await blobs.size(content)) !== size) throw unknownManifest(target)
    return { status: 200, headers }
  }
  return { status: 200, headers, body: await readManifest({ blobs }, { content, size, target }) }
}

/** DELETE /v2/<name>/manifests/<reference> (end-9): a tag alone, or a manifest with every tag on it. */
export async function deleteManifest({ metadata }: Registry, target: ManifestTarget): Promise<Reply> {
  if (!(await metadata.deleteManifest(target.repository, target.reference))) throw unknownManifest(target)
  return emptyReply(202)
}

async function readManifest(
  { blobs }: Pick<Registry, 'blobs'>,
  { content, size, target }: { readonly content: Digest; readonly size: number; readonly target: ManifestTarget },
): Promise<Uint8Array> {
  try {
    return await blobs.read(content, size)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'BLOB_UNKNOWN') throw unknownManifest(target, error)
    throw error
  }
}

function unknownManifest({ repository, reference }: ManifestTarget, cause?: unknown): RegistryError {
  const text = reference.kind === 'tag' ? reference.tag : reference.digest
  return new RegistryError('MANIFEST_UNKNOWN', `Unknown manifest ${text} in ${repository}`, { detail: { [reference.kind]: text }, cause })
}
