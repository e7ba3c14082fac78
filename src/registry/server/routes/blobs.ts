import type { Digest } from '../../../oci/mod.ts'
import { emptyReply, type RegistryRequest, type Reply } from '../message.ts'
import { parseRange } from '../range.ts'
import type { Registry } from '../registry.ts'
import { RegistryError } from '../wire-errors.ts'

export interface BlobTarget {
  readonly repository: string
  readonly digest: Digest
}

/** Smaller ones are answered from memory once they were read. */
const SMALL = 64 << 10

/** GET and HEAD /v2/<name>/blobs/<digest> (end-2, end-10). */
export async function getBlob({ metadata, blobs }: Registry, request: RegistryRequest, { repository, digest }: BlobTarget): Promise<Reply> {
  const blob = await metadata.findBlob(repository, digest)
  // A size that differs is damage: 404 lets the client send the blob again.
  if (blob === undefined || (await blobs.size(blob.content)) !== blob.size) throw unknownBlob(digest, repository)
  const { content, size } = blob
  const etag = `"${digest}"`
  const headers = {
    'accept-ranges': 'bytes',
    'cache-control': 'max-age=31536000, immutable',
    'docker-content-digest': digest,
    etag,
    // SECURITY: a blob is anybody's bytes; no browser may take it for a page.
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
  }
  if (matches(request.headers['if-none-match'], etag)) return emptyReply(304, headers)
  if (request.method === 'HEAD') return { status: 200, headers: { ...headers, 'content-length': String(size) } }

  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === etag ? parseRange(request.headers['range'], size) : undefined
  if (range !== undefined) {
    return {
      status: 206,
      headers: {
        ...headers,
        'content-length': String(range.end - range.start),
        'content-range': `bytes ${range.start}-${range.end - 1}/${size}`,
      },
      body: await blobs.open(content, { ...range, signal: request.signal }),
    }
  }
  return {
    status: 200,
    headers: { ...headers, 'content-length': String(size) },
    body: size <= SMALL ? await blobs.read(content, size) : await blobs.open(content, { start: 0, end: size, signal: request.signal }),
  }
}

/** DELETE /v2/<name>/blobs/<digest> (end-10): only from this repository. */
export async function deleteBlob({ metadata }: Registry, { repository, digest }: BlobTarget): Promise<Reply> {
  if (!(await metadata.deleteBlob(repository, digest))) throw unknownBlob(digest, repository)
  return emptyReply(202)
}

/** True when one of the entity tags of If-None-Match is ours. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

function unknownBlob(digest: Digest, repository: string): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `Unknown blob ${digest} in ${repository}`, { detail: { digest } })
}
