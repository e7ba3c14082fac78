import type { Descriptor } from '../oci/mod.ts'
import type { ByteStream } from '../stream/mod.ts'

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
}

/** Anything that holds an image and can give it away. Bytes are given as they are held, never re-serialised. */
export interface ImageSource extends AsyncDisposable {
  /** For people: the address as they wrote it. */
  readonly name: string
  /** The manifest or image index that the address names. @throws ImageError IMAGE_UNKNOWN */
  resolve(options?: ReadOptions): Promise<Descriptor>
  /** The exact bytes of a manifest or image index, digest and size verified. */
  readManifest(descriptor: Descriptor, options?: ReadOptions): Promise<Uint8Array>
  /** A blob's bytes from `start` on. Not verified: whoever keeps them does that. */
  openBlob(descriptor: Descriptor, options?: ReadOptions & { readonly start?: number }): Promise<ByteStream>
}
