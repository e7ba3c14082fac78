import type { BlobRole, ImageSink, WriteOptions } from '../../image/mod.ts'
import {
  isImageConfigType,
  layerCompression,
  parseImageConfig,
  parseManifestDocument,
  type Descriptor,
  type DiffId,
  type Reference,
} from '../../oci/mod.ts'
import type { ByteStream } from '../../stream/mod.ts'
import type { Lease } from '../lease/lease.ts'
import { StoreError } from '../store-error.ts'
import type { Store } from '../store.ts'
import { recordLayerBlob } from './exportable.ts'

export interface StoreSinkOptions {
  /** The name that `finish` gives to the root; without one the image is there by its ID only. */
  readonly reference?: Reference | undefined
  /** Unpack layers while they arrive; needs the rights to own any file. */
  readonly unpack: boolean
  /** For the tag's history. */
  readonly why: string
  readonly lease: Lease
}

/** The store as a sink. Everything is held by the lease as soon as it is known. */
export function storeSink(store: Store, options: StoreSinkOptions): ImageSink {
  const { lease, reference, why } = options

  /** A layer is there when its blob is and, where we unpack, its files are too. One without compression exists unpacked only. */
  const hasLayer = (descriptor: Descriptor, diffId: DiffId | undefined): boolean => {
    const blob = store.content.find(descriptor.digest, lease) !== undefined
    if (diffId === undefined || !options.unpack) return blob || isUnpackedAs(descriptor, diffId)
    const unpacked = store.layers.find(diffId, lease) !== undefined
    return unpacked && (blob || layerCompression(descriptor.mediaType) === 'none')
  }

  const isUnpackedAs = (descriptor: Descriptor, diffId: DiffId | undefined): boolean =>
    diffId === descriptor.digest && store.layers.find(diffId, lease) !== undefined

  const putLayer = async (
    descriptor: Descriptor,
    diffId: DiffId,
    open: (start: number) => Promise<ByteStream>,
    writing: WriteOptions,
  ): Promise<void> => {
    const { signal, onBytes, onWait } = writing
    const compression = layerCompression(descriptor.mediaType)
    if (compression === 'none' && diffId === descriptor.digest) {
      // The tar comes back from the unpacked layer, so no blob is kept.
      await store.layers.unpack(await open(0), { lease, signal, want: diffId, onBytes })
      return
    }
    if (store.content.find(descriptor.digest, lease) === undefined) {
      await store.content.put(descriptor, open, { lease, signal, onBytes, onWait })
    }
    if (store.layers.find(diffId, lease) === undefined) {
      await store.layers.unpack(await store.content.open(descriptor.digest, { signal }), { lease, signal, want: diffId })
    }
    if (compression !== undefined && compression !== 'none') recordLayerBlob(store.database, diffId, compression, descriptor)
  }

  const isWhole = async (descriptor: Descriptor): Promise<boolean> => {
    if (store.content.find(descriptor.digest, lease) === undefined) return false
    const document = parseManifestDocument(await store.content.read(descriptor.digest), descriptor.mediaType)
    if (document.kind === 'index') {
      for (const child of document.manifests) if (!(await isWhole(child))) return false
      return true
    }
    if (store.content.find(document.config.digest, lease) === undefined) return false
    const diffIds = isImageConfigType(document.config.mediaType)
      ? parseImageConfig(await store.content.read(document.config.digest)).rootfs.diff_ids
      : []
    return document.layers.every((layer, i) => hasLayer(layer, diffIds[i]))
  }

  return {
    name: store.root,
    concurrency: 3,

    async hasBlob(descriptor, role) {
      return role.kind === 'layer' ? hasLayer(descriptor, role.diffId) : store.content.find(descriptor.digest, lease) !== undefined
    },

    async putBlob(descriptor, role: BlobRole, open, writing = {}) {
      if (role.kind === 'layer' && role.diffId !== undefined && options.unpack && layerCompression(descriptor.mediaType) !== undefined) {
        return putLayer(descriptor, role.diffId, open, writing)
      }
      await store.content.put(descriptor, open, { lease, ...writing })
    },

    async hasManifest(descriptor) {
      try {
        return await isWhole(descriptor)
      } catch (error) {
        // What is damaged here is fetched again.
        if (error instanceof StoreError && error.code === 'BLOB_DAMAGED') return false
        throw error
      }
    },

    async putManifest(descriptor, bytes) {
      await store.content.putBytes(bytes, lease)
      const document = parseManifestDocument(bytes, descriptor.mediaType)
      if (document.kind === 'manifest' && isImageConfigType(document.config.mediaType)) {
        parseImageConfig(await store.content.read(document.config.digest))
        store.images.put({
          id: document.config.digest,
          manifest: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
        })
      }
    },

    async finish(root) {
      await store.sync()
      if (reference !== undefined) store.tags.set(reference, { mediaType: root.mediaType, digest: root.digest, size: root.size }, why)
    },

    async [Symbol.asyncDispose]() {},
  }
}
