import { parsePlatform, parseReference, formatReference, type Descriptor, type DiffId } from '../oci/mod.ts'
import type { Lease } from '../store/mod.ts'
import type { BuildRequest, BuildTools } from './build.ts'
import type { BaseImage } from './graph/base-image.ts'
import type { Progress } from './progress.ts'
import { diffIdsOf, type StepResult } from './step-result.ts'

export interface BaseImages {
  /** By what FROM or --from says. Only its documents are read. */
  find(reference: string, platform: string | undefined): Promise<BaseImage>
  /** What of them must not be swept. */
  hold(lease: Lease): void
  /** The result's layers, those of base images unpacked now, which may fetch them. */
  unpacked(result: StepResult, lease: Lease, signal: AbortSignal): Promise<readonly DiffId[]>
}

/** The base images of one build, each looked for once. */
export function baseImages(request: BuildRequest, tools: BuildTools, progress: Progress): BaseImages {
  const { store } = tools
  const asked = new Map<string, Promise<BaseImage>>()
  const found: BaseImage[] = []
  const unpacking = new Map<DiffId, Promise<void>>()

  async function resolve(text: string, platform: string | undefined): Promise<BaseImage> {
    const reference = parseReference(text)
    return progress.during(`[internal] load metadata for ${formatReference(reference)}`, async (onText) => {
      const record = await tools.resolveImage(reference, {
        platform: platform === undefined ? request.platform : parsePlatform(platform),
        pull: request.pull,
        signal: request.signal,
        onText,
      })
      const image = { record, ...(await store.images.read(record)) }
      found.push(image)
      return image
    })
  }

  async function unpack(diffId: DiffId, lease: Lease, signal: AbortSignal): Promise<void> {
    if (store.layers.find(diffId, lease) !== undefined) return
    const owner = ownerOf(found, diffId)
    if (owner === undefined) throw new Error(`Layer ${diffId} is of no base image of this build`)
    if (store.content.find(owner.layer.digest, lease) === undefined) await tools.ensureLayers?.(owner.image.record, { lease, signal })
    // What brought it may have unpacked it too.
    if (store.layers.find(diffId, lease) !== undefined) return
    await store.layers.unpack(await store.content.open(owner.layer.digest, { signal }), { lease, signal, want: diffId })
  }

  return {
    find(reference, platform) {
      const key = `${reference} ${platform ?? ''}`
      let image = asked.get(key)
      if (image === undefined) asked.set(key, (image = resolve(reference, platform)))
      return image
    },
    hold: (lease) => found.forEach((image) => holdImage(lease, image)),
    async unpacked(result, lease, signal) {
      await Promise.all(
        result.base.map((diffId) => {
          let work = unpacking.get(diffId)
          if (work === undefined) unpacking.set(diffId, (work = unpack(diffId, lease, signal)))
          return work
        }),
      )
      return diffIdsOf(result)
    },
  }
}

function holdImage(lease: Lease, { record, config }: BaseImage): void {
  lease.hold(record.id, record.manifest.digest, ...config.rootfs.diff_ids)
}

function ownerOf(images: readonly BaseImage[], diffId: DiffId): { readonly image: BaseImage; readonly layer: Descriptor } | undefined {
  for (const image of images) {
    const layer = image.manifest.layers[image.config.rootfs.diff_ids.indexOf(diffId)]
    if (layer !== undefined) return { image, layer }
  }
  return undefined
}
