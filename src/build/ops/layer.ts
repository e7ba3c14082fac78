import { explainDiskFull } from '../../host/mod.ts'
import type { Staging, View } from '../../store/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { OpTools } from './tools.ts'

/** Runs `fill` on an empty upper directory above the parent's layers, and makes a layer of what it leaves there. */
export async function makeLayer(
  tools: OpTools,
  parent: StepResult,
  signal: AbortSignal,
  fill: (staging: Staging, view: View) => Promise<void>,
): Promise<StepResult> {
  const { store, lease } = tools
  try {
    await using staging = await store.layers.stage(lease, parent.diffIds)
    await fill(staging, await store.layers.view(parent.diffIds, lease))
    signal.throwIfAborted()
    const { diffId } = await store.layers.commit(staging, parent.diffIds, { lease, signal })
    return { diffIds: [...parent.diffIds, diffId], baseLayers: parent.baseLayers, created: new Date().toISOString() }
  } catch (error) {
    throw explainDiskFull(error, store.root)
  }
}
