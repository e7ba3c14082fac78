import type { DiffId } from '../../oci/mod.ts'
import type { ByteStream } from '../../stream/mod.ts'
import type { Lease } from '../lease/lease.ts'
import type { View } from './view.ts'

export interface LayerInfo {
  readonly diffId: DiffId
  /** Bytes of the uncompressed tar: the size in a descriptor of this layer without compression. */
  readonly tarSize: number
  /** Sum of the payloads in it: what `history` and `images` show. */
  readonly size: number
}

export interface UnpackOptions {
  readonly lease: Lease
  readonly signal?: AbortSignal | undefined
  /** Fails with LAYER_MISMATCH unless the uncompressed tar has this digest. */
  readonly want?: DiffId | undefined
  /** Bytes of the source consumed so far. */
  readonly onBytes?: ((done: number) => void) | undefined
  /** Things in the tar that were dropped or mended, for people. */
  readonly onWarning?: ((text: string) => void) | undefined
}

/** A directory on the store's filesystem that an overlay mount or a copy fills and `commit` turns into a layer. Removed on dispose unless committed. */
export interface Staging extends AsyncDisposable {
  /** The overlay's upperdir. */
  readonly upper: string
  /** The overlay's workdir (empty). */
  readonly work: string
  /** Free for the owner: bundle, stubs, logs. */
  readonly scratch: string
}

/** Unpacked layers, each once. Callers see diffIDs and lowerdirs; only this module knows keys and variants (design: "Joining layers"). */
export interface Layers {
  /** The layer if it is unpacked, or undefined. With a lease: found and held in one transaction. */
  find(diffId: DiffId, lease?: Lease): LayerInfo | undefined
  /** Extracts a layer's tar (plain, gzip or zstd, by its magic) in a worker; idempotent; two processes that unpack the same layer do it once. */
  unpack(source: ByteStream, options: UnpackOptions): Promise<LayerInfo>
  /** An empty staging directory; its upper has the attributes of the root of the layers below. */
  stage(lease: Lease, below?: readonly DiffId[]): Promise<Staging>
  /**
   * Makes a layer of what an overlay mount (or a copy) left in the staging's upper directory on top of `below` (bottom first).
   * Copied-up directories that equal the view below and hold nothing are left out; whiteouts that hide nothing are dropped.
   * `clampTo`: seconds since 1970; later mtimes are cut to it. The staging is used up.
   */
  commit(
    staging: Staging,
    below: readonly DiffId[],
    options: { readonly lease: Lease; readonly signal?: AbortSignal | undefined; readonly clampTo?: number | undefined },
  ): Promise<LayerInfo>
  /** Lowerdirs for an overlay mount, topmost first, relative to `<root>/l`. All layers must be unpacked. @throws StoreError LAYER_UNKNOWN */
  resolve(diffIds: readonly DiffId[], lease: Lease): Promise<readonly string[]>
  /** The joined layers (bottom first), without a mount. */
  view(diffIds: readonly DiffId[], lease: Lease): Promise<View>
  /** The layer's tar, bit by bit, from its toc and files. @throws StoreError LAYER_UNKNOWN at once; LAYER_DAMAGED from the loop's end at the latest, before the last piece */
  openTar(diffId: DiffId, options?: { readonly start?: number; readonly signal?: AbortSignal | undefined }): Promise<ByteStream>
}
