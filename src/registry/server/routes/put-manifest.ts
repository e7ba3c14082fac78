import { createHash } from 'node:crypto'
import {
  algorithmOf,
  digestFrom,
  isNonDistributable,
  isTag,
  ManifestError,
  parseManifestDocument,
  type Descriptor,
  type ImageIndex,
  type Manifest,
} from '../../../oci/mod.ts'
import { emptyReply, type RegistryRequest, type Reply } from '../message.ts'
import type { Registry } from '../registry.ts'
import type { NewManifest, Requirement } from '../storage/metadata.ts'
import { RegistryError } from '../wire-errors.ts'
import { readAll } from './_read-all.ts'
import type { ManifestTarget } from './manifests.ts'

const MOST_TAGS = 100

/** PUT /v2/<name>/manifests/<reference>[?tag=…] (end-7): the manifest and all its tags, or nothing. */
export async function putManifest(registry: Registry, request: RegistryRequest, { repository, reference }: ManifestTarget): Promise<Reply> {
  const extraTags = tagsOf(request.query, reference.kind)
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new RegistryError('BODY_ENCODED', 'A manifest is pushed as it is, without Content-Encoding')
  }
  const bytes = await readAll(request.body, request.contentLength)
  const algorithm = reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256'
  const digest = digestFrom(algorithm, createHash(algorithm).update(bytes).digest('hex'))
  if (reference.kind === 'digest' && digest !== reference.digest) {
    throw new RegistryError('DIGEST_INVALID', `The manifest's digest is ${digest}, not ${reference.digest}`)
  }
  const document = parse(bytes, request.headers['content-type'])
  const tags = reference.kind === 'tag' ? [reference.tag] : extraTags

  await using held = await registry.blobs.put(bytes)
  const result = await registry.metadata.putManifest(
    repository,
    { digest, content: held.content, size: bytes.byteLength, ...describe(document) },
    { tags, requires: registry.sparse === 'all' ? [] : requirements(document) },
  )
  switch (result.kind) {
    case 'missing':
      throw new RegistryError(
        'MANIFEST_BLOB_UNKNOWN',
        `The manifest needs ${result.digests.length} blobs or manifests that are not in ${repository}`,
        {
          detail: result.digests.map((missing) => ({ digest: missing })),
        },
      )
    case 'size':
      throw new RegistryError(
        'MANIFEST_INVALID',
        `The manifest says another size of ${result.digest} than ${repository} has: ${result.size} bytes`,
      )
    case 'stored':
  }
  return emptyReply(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(document.subject && { 'oci-subject': document.subject.digest }),
    ...(extraTags.length > 0 && { 'oci-tag': extraTags }),
  })
}

/** SPEC: distribution-spec main, "Pushing manifests with tags": only with a digest. */
function tagsOf(query: URLSearchParams, kind: 'tag' | 'digest'): readonly string[] {
  const tags = [...new Set(query.getAll('tag'))]
  if (tags.length === 0) return tags
  if (kind === 'tag') throw new RegistryError('TAG_INVALID', 'The tag parameter is for manifests that are pushed by digest')
  if (tags.length > MOST_TAGS) throw new RegistryError('TAGS_TOO_MANY', `At most ${MOST_TAGS} tags can be set at once, got ${tags.length}`)
  const invalid = tags.find((tag) => !isTag(tag))
  if (invalid !== undefined) throw new RegistryError('TAG_INVALID', `Invalid tag ${JSON.stringify(invalid.slice(0, 130))}`)
  return tags
}

function parse(bytes: Uint8Array, contentType: string | undefined): Manifest | ImageIndex {
  try {
    return parseManifestDocument(bytes, contentType)
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    throw new RegistryError(error.code, error.message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) })
  }
}

/** SPEC: "Listing Referrers": a manifest's artifactType, else its config's media type; an index has its own or none. */
function describe(document: Manifest | ImageIndex): Omit<NewManifest, 'digest' | 'content' | 'size'> {
  const { mediaType, subject, annotations } = document
  const artifactType = document.artifactType ?? (document.kind === 'manifest' ? document.config.mediaType : undefined)
  return {
    mediaType,
    ...(subject && { subject: subject.digest }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  }
}

/** SPEC: an unknown subject is never a reason to refuse; layers that live elsewhere need not be here. */
function requirements(document: Manifest | ImageIndex): readonly Requirement[] {
  if (document.kind === 'index') return document.manifests.map(({ digest, size }) => ({ digest, size, kind: 'child' }))
  return [document.config, ...document.layers.filter(isHere)].map(({ digest, size }) => ({ digest, size, kind: 'blob' }))
}

function isHere({ mediaType, urls }: Descriptor): boolean {
  return !isNonDistributable(mediaType) && (urls === undefined || urls.length === 0)
}
