import type { ImageConfig, Manifest } from '../../oci/mod.ts'
import type { ImageRecord } from '../../store/mod.ts'
import type { Op } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { OpTools } from './tools.ts'

/** A base image: its layers are unpacked only when a step that is not cached needs files. */
export function baseOp(
  tools: OpTools,
  record: ImageRecord,
  image: { readonly manifest: Manifest; readonly config: ImageConfig },
): Op<StepResult> {
  const { store, lease } = tools
  const diffIds = image.config.rootfs.diff_ids
  return {
    cacheable: false,
    definition: () => [['image', record.manifest.digest]],
    async run(_inputs, { signal }) {
      for (const [i, diffId] of diffIds.entries()) {
        const layer = image.manifest.layers[i]
        if (layer === undefined || store.layers.find(diffId, lease) !== undefined) continue
        await store.layers.unpack(await store.content.open(layer.digest, { signal }), { lease, signal, want: diffId })
      }
      return { diffIds, baseLayers: diffIds.length, created: image.config.created ?? EPOCH }
    },
  }
}

export const EPOCH = '1970-01-01T00:00:00Z'

export const scratchOp: Op<StepResult> = {
  cacheable: false,
  definition: () => [['image', 'scratch']],
  run: async () => ({ diffIds: [], baseLayers: 0, created: EPOCH }),
}
