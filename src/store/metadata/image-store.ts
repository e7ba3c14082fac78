import type { Compression, Descriptor, Digest, ImageConfig, Manifest, Platform } from '../../oci/mod.ts'
import type { Lease } from '../lease/lease.ts'

/** One image of one platform, whole in the store. */
export interface ImageRecord {
  /** The image ID: digest of the config's bytes. */
  readonly id: Digest
  readonly manifest: Descriptor
  /** When it came into this store, milliseconds since 1970. */
  readonly at: number
}

/** Images in the store, tagged or not. An untagged one stays until gc. */
export interface ImageStore {
  /** Records the image; its config, manifest and layers are present. Idempotent. */
  put(record: { readonly id: Digest; readonly manifest: Descriptor }): void
  list(): readonly ImageRecord[]
  /** By image ID or manifest digest. */
  find(digest: Digest): ImageRecord | undefined
  /** What a user wrote: a name (tag, digest; also of an image index: this platform's child), else a prefix of image IDs. @throws StoreError IMAGE_AMBIGUOUS; undefined when absent */
  lookup(text: string, platform?: Platform): Promise<ImageRecord | undefined>
  delete(id: Digest): void
  read(record: ImageRecord): Promise<{ readonly manifest: Manifest; readonly config: ImageConfig; readonly configBytes: Uint8Array }>
  /**
   * The manifest to send: every layer as a compressed blob. Compresses what only exists unpacked (gzip level 6 in parallel),
   * remembers the result, and gives the same bytes ever after. A manifest that came compressed is given unchanged.
   */
  exportable(
    target: Descriptor,
    options: {
      readonly compression: Exclude<Compression, 'none'>
      readonly lease: Lease
      readonly signal?: AbortSignal | undefined
      readonly onLayer?: (diffId: Digest, done: number, size: number) => void
    },
  ): Promise<Descriptor>
}
