import type { Digest } from '../../../oci/mod.ts'
import { emptyReply, type Reply } from '../message.ts'
import { uploadRange } from '../range.ts'
import { digestOf } from '../target.ts'
import { RegistryError } from '../wire-errors.ts'

export interface UploadPlace {
  readonly repository: string
  readonly id: string
}

/** Relative, so that it is right behind any proxy, and nobody can spoof a host into it. */
export function uploadLocation({ repository, id }: UploadPlace): string {
  return `/v2/${repository}/blobs/uploads/${id}`
}

/** Where an upload stands. */
export function uploadReply(status: number, { size, ...place }: UploadPlace & { readonly size: number }): Reply {
  return emptyReply(status, { location: uploadLocation(place), range: uploadRange(size), 'docker-upload-uuid': place.id })
}

/** The blob is in the repository. */
export function pushed(repository: string, digest: Digest): Reply {
  return emptyReply(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest })
}

/** SPEC: `digest` is required to end an upload. @throws RegistryError DIGEST_INVALID */
export function digestParameter(query: URLSearchParams): Digest {
  const digests = query.getAll('digest')
  if (digests.length !== 1) throw new RegistryError('DIGEST_INVALID', `One digest parameter is needed, got ${digests.length}`)
  return digestOf(digests[0] as string)
}
