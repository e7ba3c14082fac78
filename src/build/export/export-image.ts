import { layerCompression, MediaType, type Descriptor, type Digest, type HistoryEntry, type Platform } from '../../oci/mod.ts'
import type { Lease, Store } from '../../store/mod.ts'
import { baseHistory, type StagePlan } from '../graph/plan.ts'
import { EPOCH } from '../ops/base.ts'
import type { Vertex } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'

const COMMENT = 'buildkit.dockerfile.v0'

export interface ExportInput {
  readonly store: Store
  readonly lease: Lease
  readonly plan: StagePlan
  readonly result: StepResult
  readonly platform: Platform
  /** The result of a step whose layer is in the history. */
  readonly resultOf: (vertex: Vertex<StepResult>) => Promise<StepResult | undefined>
}

/** Writes image config and manifest of a finished stage. The same steps give the same bytes, and so the same image ID. */
export async function exportImage({
  store,
  lease,
  plan,
  result,
  platform,
  resultOf,
}: ExportInput): Promise<{ readonly imageId: Digest; readonly manifest: Descriptor }> {
  const base = plan.base
  let created = base?.config.created ?? EPOCH
  const history: HistoryEntry[] = []
  for (const item of plan.history) {
    if (item.vertex !== undefined) created = (await resultOf(item.vertex))?.created ?? result.created
    history.push({ created, created_by: item.createdBy, comment: COMMENT, ...(item.vertex === undefined ? { empty_layer: true } : {}) })
  }
  const author = plan.author ?? base?.config.author
  const config = {
    architecture: base?.config.architecture ?? platform.architecture,
    ...(author === undefined ? {} : { author }),
    config: plan.config.config,
    created,
    history: [...baseHistory(plan), ...history],
    os: base?.config.os ?? platform.os,
    rootfs: { type: 'layers', diff_ids: result.diffIds },
    ...variantOf(base?.config.variant ?? platform.variant),
  }
  const configBytes = new TextEncoder().encode(JSON.stringify(config))
  const imageId = await store.content.putBytes(configBytes, lease)
  const layers = result.diffIds.map((diffId, i): Descriptor => {
    const ofBase = i < result.baseLayers ? base?.manifest.layers[i] : undefined
    if (ofBase !== undefined) return asOci(ofBase)
    const layer = store.layers.find(diffId, lease)
    if (layer === undefined) throw new Error(`Layer ${diffId} of the build is not in the store`)
    return { mediaType: MediaType.ociLayer, digest: diffId, size: layer.tarSize }
  })
  const manifestBytes = new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, digest: imageId, size: configBytes.length },
      layers,
    }),
  )
  const digest = await store.content.putBytes(manifestBytes, lease)
  const manifest = { mediaType: MediaType.ociManifest, digest, size: manifestBytes.length }
  store.images.put({ id: imageId, manifest })
  return { imageId, manifest }
}

function variantOf(variant: string | undefined): { variant?: string } {
  return variant === undefined ? {} : { variant }
}

const OCI_TYPES = { none: MediaType.ociLayer, gzip: MediaType.ociLayerGzip, zstd: MediaType.ociLayerZstd } as const

/** Docker's names of layer types mean the same bytes. */
function asOci(layer: Descriptor): Descriptor {
  const compression = layerCompression(layer.mediaType)
  return compression === undefined || layer.mediaType.includes('foreign') ? layer : { ...layer, mediaType: OCI_TYPES[compression] }
}
