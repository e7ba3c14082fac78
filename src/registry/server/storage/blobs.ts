import type { Algorithm, Digest } from '../../../oci/mod.ts'
import type { ByteStream } from '../../../stream/mod.ts'

/** Content that is present, durable, and kept from gc until disposed: make it a member of a repository before that. */
export interface HeldContent extends AsyncDisposable {
  readonly content: Digest
  readonly size: number
}

export interface UploadState {
  readonly id: string
  /** Bytes that arrived so far. */
  readonly size: number
  /** When the last of them came, milliseconds since 1970. */
  readonly touchedAt: number
}

export interface AppendOptions {
  /** Where the upload must stand now; another place is RANGE_INVALID. */
  readonly at: number
  /** How many bytes must come; fewer or more are SIZE_INVALID and taken back. */
  readonly length?: number | undefined
}

/** Bytes by digest, without a word about who may have them. Implementations pass `blobsContract`: filesystem, later S3. */
export interface RegistryBlobs {
  /** Bytes of the content, or undefined when it is absent. */
  size(content: Digest): Promise<number | undefined>
  /** @throws RegistryError BLOB_UNKNOWN at once, not in the loop */
  open(content: Digest, range: { readonly start: number; readonly end: number; readonly signal: AbortSignal }): Promise<ByteStream>
  /** Small content whole, verified, remembered while there is room. @throws RegistryError BLOB_UNKNOWN */
  read(content: Digest, size: number): Promise<Uint8Array>
  /** Stores small content (a manifest). */
  put(bytes: Uint8Array): Promise<HeldContent>
  /** Holds content that is there; undefined when it is absent. */
  hold(content: Digest): Promise<HeldContent | undefined>
}

/**
 * Bytes on their way in. Uploads survive a kill: their size is what `find` says after a restart, and they can be appended to from there.
 * One caller at a time may append to or commit an upload; a second one meets RANGE_INVALID at once.
 */
export interface BlobUploads {
  /** An empty upload; `algorithm` says which digest is likely to be asked of it. */
  begin(id: string, algorithm: Algorithm): Promise<void>
  /** Undefined when there is no such upload. */
  find(id: string): Promise<UploadState | undefined>
  /** All of them, in no order. */
  list(): AsyncIterable<UploadState>
  /**
   * Appends; gives the new size. What arrived before the source failed stays. The source gives every piece away for good.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN, RANGE_INVALID, SIZE_INVALID; and whatever the source or the disk throws
   */
  append(id: string, source: ByteStream, options: AppendOptions): Promise<number>
  /** Ends the upload: verified and durable. On a wrong digest the upload is gone. @throws RegistryError DIGEST_INVALID, BLOB_UPLOAD_UNKNOWN, RANGE_INVALID */
  commit(id: string, digest: Digest): Promise<HeldContent>
  /** Idempotent; frees the bytes at once. */
  cancel(id: string): Promise<void>
}
