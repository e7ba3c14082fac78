import { MediaType, type Descriptor, type Digest, type Reference } from '../../oci/mod.ts'
import type { ImageRecord, Lease, Store } from '../../store/mod.ts'
import type { StagePlan } from '../graph/plan.ts'
import type { StepResult } from '../step-result.ts'
import { manifestOf } from './image-documents.ts'

/** Writes image config and manifest, unless the image is there already. What the manifest names is there and held. */
export async function exportImage(
  store: Store,
  lease: Lease,
  image: { readonly config: Uint8Array; readonly id: Digest; readonly plan: StagePlan; readonly result: StepResult },
): Promise<Descriptor> {
  lease.hold(image.id)
  const known = store.images.find(image.id)
  if (known !== undefined && store.content.find(known.manifest.digest, lease) !== undefined) return known.manifest
  await store.content.putBytes(image.config, lease)
  const built = image.result.built.map(({ diffId }): Descriptor => {
    const layer = store.layers.find(diffId, lease)
    if (layer === undefined) throw new Error(`Layer ${diffId} of the build is not in the store`)
    return { mediaType: MediaType.ociLayer, digest: diffId, size: layer.tarSize }
  })
  const config = { mediaType: MediaType.ociConfig, digest: image.id, size: image.config.length }
  const bytes = manifestOf(config, image.plan.base, built)
  const manifest = { mediaType: MediaType.ociManifest, digest: await store.content.putBytes(bytes, lease), size: bytes.length }
  // CRASH: layers reach the disk before a row says that they are an image.
  await store.sync()
  store.images.put({ id: image.id, manifest })
  return manifest
}

/** The image if it is there and all these names are its own: then there is nothing to write. Without a lease: its names hold it. */
export function findNamed(store: Store, id: Digest, tags: readonly Reference[]): ImageRecord | undefined {
  const record = store.images.find(id)
  return record !== undefined && tags.length > 0 && tags.every((tag) => names(store, tag, id)) ? record : undefined
}

/** True when the tag is of this image: of its manifest, or of the one that a push made of it. */
export function names(store: Store, tag: Reference, id: Digest): boolean {
  const target = store.tags.find(tag)?.target
  return target !== undefined && store.images.find(target.digest)?.id === id
}
