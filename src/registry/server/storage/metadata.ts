import type { Digest } from '../../../oci/mod.ts'
import type { Page } from '../paging.ts'

/** A blob of a repository. */
export interface BlobRecord {
  /** As it was pushed and is asked for. */
  readonly digest: Digest
  /** Digest under which the bytes are kept; differs where the blob was pushed as sha512. */
  readonly content: Digest
  readonly size: number
}

export interface ManifestRecord extends BlobRecord {
  readonly mediaType: string
}

export interface NewManifest extends ManifestRecord {
  readonly subject?: Digest
  /** What the referrers list shows of it. */
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** What must be in the repository for a manifest to be taken. */
export interface Requirement {
  readonly digest: Digest
  readonly size: number
  /** `blob`: a config or a layer; `child`: of an image index, a manifest or a blob. */
  readonly kind: 'blob' | 'child'
}

export type PutManifestResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'missing'; readonly digests: readonly Digest[] }
  | { readonly kind: 'size'; readonly digest: Digest; readonly size: number }

/** One entry of a referrers list: a descriptor as JSON text. */
export interface ReferrerRow {
  readonly digest: Digest
  readonly descriptor: string
}

/**
 * Who has what: repositories, their blobs and manifests, tags, referrers. The truth about what is readable where.
 * SECURITY: a blob or manifest is found in a repository only when it was pushed or mounted there, whatever else the store holds.
 * Every call is atomic, and what it changed is durable when it resolves. Two implementations pass `metadataContract`: SQLite, later PostgreSQL.
 * Content that any repository has is a root: it is added with the first membership and removed with the last one, in the same transaction.
 */
export interface RegistryMetadata {
  findBlob(repository: string, digest: Digest): Promise<BlobRecord | undefined>
  /** Names of repositories that have the blob, at most `limit`. */
  repositoriesWith(digest: Digest, limit: number): Promise<readonly string[]>
  /** Idempotent. Makes the repository. */
  putBlob(repository: string, blob: BlobRecord): Promise<void>
  /** False when it was not there. */
  deleteBlob(repository: string, digest: Digest): Promise<boolean>
  findManifest(repository: string, reference: { readonly tag: string } | { readonly digest: Digest }): Promise<ManifestRecord | undefined>
  /** Stores the manifest and points all `tags` at it, or, when a requirement is not met, changes nothing. */
  putManifest(
    repository: string,
    manifest: NewManifest,
    options: { readonly tags: readonly string[]; readonly requires: readonly Requirement[] },
  ): Promise<PutManifestResult>
  /** By digest: the manifest and every tag on it; by tag: only the tag. False when it was not there. */
  deleteManifest(repository: string, reference: { readonly tag: string } | { readonly digest: Digest }): Promise<boolean>
  /** In byte order; undefined when there is no such repository. */
  listTags(repository: string, page: Page): Promise<readonly string[] | undefined>
  listRepositories(page: Page): Promise<readonly string[]>
  /** Ordered by digest; empty for what is unknown. */
  listReferrers(
    repository: string,
    subject: Digest,
    options: Page & { readonly artifactType?: string | undefined },
  ): Promise<readonly ReferrerRow[]>
}
