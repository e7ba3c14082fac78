import type { Descriptor, DiffId } from '../oci/mod.ts'
import type { ByteStream } from '../stream/mod.ts'

/** What a blob is for in the image being written; a layer's diffID and those below it are known once the config is. */
export type BlobRole =
  | { readonly kind: 'config' }
  | { readonly kind: 'layer'; readonly diffId: DiffId | undefined; readonly below: readonly DiffId[] }

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes of this blob that have arrived so far. */
  readonly onBytes?: ((done: number) => void) | undefined
  /** Another process moves the same blob; we wait for it. */
  readonly onWait?: (() => void) | undefined
}

/**
 * Anything that takes an image. copyImage calls hasBlob/putBlob for every blob (config first, then layers in parallel),
 * then putManifest for children before their index, then `finish` once.
 */
export interface ImageSink extends AsyncDisposable {
  readonly name: string
  /** Most blobs to write at once. */
  readonly concurrency: number
  /** True when the blob need not be sent. A sink that needs content in another form too (unpacked) says false until it has that. */
  hasBlob(descriptor: Descriptor, role: BlobRole, options?: WriteOptions): Promise<boolean>
  /**
   * Resolves once the blob is durable and verified against its descriptor, whoever wrote it.
   * `open(start)` gives the bytes from `start` on; a sink that kept a part of an earlier try asks for the rest only.
   */
  putBlob(descriptor: Descriptor, role: BlobRole, open: (start: number) => Promise<ByteStream>, options?: WriteOptions): Promise<void>
  /** True when this manifest and everything below it is already there, so nothing need be read or sent. */
  hasManifest(descriptor: Descriptor, options?: WriteOptions): Promise<boolean>
  /** Keeps the exact bytes. Everything that the manifest names is there already. */
  putManifest(descriptor: Descriptor, bytes: Uint8Array, options?: WriteOptions): Promise<void>
  /** Names the root: the last step, atomic. Before it nobody sees the image. */
  finish(root: Descriptor, options?: WriteOptions): Promise<void>
}
