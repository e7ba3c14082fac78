import type { Authorize } from './authorize.ts'
import type { BodyLimits } from './body-limit.ts'
import type { BlobUploads, RegistryBlobs } from './storage/blobs.ts'
import type { RegistryMetadata } from './storage/metadata.ts'
import type { UploadSessions } from './storage/upload-sessions.ts'

/**
 * What may be missing from a repository when a manifest is pushed to it.
 * `none`: a config, layer or child that is absent is MANIFEST_BLOB_UNKNOWN, so an interrupted push never looks whole; `all`: anything.
 */
export type SparsePolicy = 'none' | 'all'

/** Everything that routes work with. It holds no state of its own. */
export interface Registry {
  readonly metadata: RegistryMetadata
  readonly sessions: UploadSessions
  readonly blobs: RegistryBlobs
  readonly uploads: BlobUploads
  readonly authorize: Authorize
  readonly limits: BodyLimits
  readonly sparse: SparsePolicy
}
