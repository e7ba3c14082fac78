import { explainDiskFull } from '../../host/mod.ts'
import type { DiffId } from '../../oci/mod.ts'
import type { Lease, Staging, View } from '../../store/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { OpTools } from './tools.ts'

export interface LayerInput {
  readonly staging: Staging
  /** The layers below, unpacked, bottom first. */
  readonly below: readonly DiffId[]
  readonly view: View
  readonly lease: Lease
}

/** Runs `fill` on an empty upper directory above the parent's layers, and makes a layer of what it leaves there. */
export async function makeLayer(
  tools: OpTools,
  parent: StepResult,
  signal: AbortSignal,
  fill: (input: LayerInput) => Promise<void>,
): Promise<StepResult> {
  const { store, clampTo } = tools
  try {
    const lease = await tools.lease()
    const below = await tools.unpacked(parent, signal)
    await using staging = await store.layers.stage(lease, below)
    await fill({ staging, below, view: await store.layers.view(below, lease), lease })
    signal.throwIfAborted()
    const { diffId } = await store.layers.commit(staging, below, { lease, signal, clampTo })
    return { base: parent.base, built: [...parent.built, { diffId, at: clampTo === undefined ? Date.now() : clampTo * 1000 }] }
  } catch (error) {
    throw explainDiskFull(error, store.root)
  }
}
