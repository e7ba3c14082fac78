import type { ImageSource } from '../../image/mod.ts'
import type { Descriptor } from '../../oci/mod.ts'
import { StoreError } from '../store-error.ts'
import type { Store } from '../store.ts'

/** An image of the store as a source. Layers that exist only unpacked are given as their tar. The caller's lease keeps them. */
export function storeSource(store: Store, target: Descriptor, name: string): ImageSource {
  return {
    name,
    resolve: async () => target,
    readManifest: (descriptor) => store.content.read(descriptor.digest),
    async openBlob(descriptor, options = {}) {
      if (store.content.find(descriptor.digest) !== undefined) return store.content.open(descriptor.digest, options)
      if (store.layers.find(descriptor.digest) !== undefined) return store.layers.openTar(descriptor.digest, options)
      throw new StoreError('BLOB_UNKNOWN', `Blob ${descriptor.digest} of ${name} is not in the store`, {
        hint: 'Pull or build the image again',
      })
    },
    async [Symbol.asyncDispose]() {},
  }
}
