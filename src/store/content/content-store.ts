import type { Digest } from '../../oci/mod.ts'
import type { ByteStream } from '../../stream/mod.ts'
import type { Lease } from '../lease/lease.ts'

export interface PutOptions {
  readonly lease: Lease
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((done: number) => void) | undefined
  /** Another process writes the same blob; we wait for it. */
  readonly onWait?: (() => void) | undefined
}

/** Blobs by digest, each once. Nothing else writes below `blobs/` and `ingest/`. */
export interface ContentStore {
  /** The blob's size, or undefined when it is absent. With a lease: found and held in one transaction. */
  find(digest: Digest, lease?: Lease): { readonly size: number } | undefined
  /** Bytes from `start` up to but not including `end`, in 1 MiB pieces. @throws StoreError BLOB_UNKNOWN (at once, not in the loop) */
  open(
    digest: Digest,
    range?: { readonly start?: number; readonly end?: number; readonly signal?: AbortSignal | undefined },
  ): Promise<ByteStream>
  /** A small blob whole, verified. @throws StoreError BLOB_UNKNOWN, BLOB_DAMAGED (digest differs), BLOB_TOO_LARGE */
  read(digest: Digest, limit?: number): Promise<Uint8Array>
  /**
   * Idempotent: resolves once the blob is present, verified and durable, whoever wrote it; held by the lease.
   * `open(start)` gives the bytes from `start` on: what an earlier, killed try left in ingest/ is kept.
   */
  put(
    want: { readonly digest: Digest; readonly size: number },
    open: (start: number) => Promise<ByteStream>,
    options: PutOptions,
  ): Promise<void>
  /** As put, for bytes at hand. */
  putBytes(bytes: Uint8Array, lease: Lease): Promise<Digest>
  /** Writes a stream whose digest is not known before; returns what it is (sha256). */
  write(source: ByteStream, options: PutOptions): Promise<{ readonly digest: Digest; readonly size: number }>
  /** Takes a finished file of the same filesystem (an upload) whose bytes the caller has verified: fsync, rename, row. The file is gone afterwards. */
  adopt(file: string, want: { readonly digest: Digest; readonly size: number }, lease: Lease): Promise<void>
  /** Where the blob's file is (or would be); for readers only. */
  path(digest: Digest): string
}
