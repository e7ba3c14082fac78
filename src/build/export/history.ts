import type { HistoryEntry } from '../../oci/mod.ts'
import type { HistoryItem } from '../graph/stage-state.ts'
import type { BuiltLayer } from '../step-result.ts'

const COMMENT = 'buildkit.dockerfile.v0'
const EPOCH = '1970-01-01T00:00:00Z'

/**
 * The base image's history as it is, then an entry per instruction. As BuildKit does, an entry without a layer has the time of the layer before it,
 * or of the first new layer when none is before it; so the same steps give the same history, whenever they are put together.
 */
export function historyOf(
  base: readonly HistoryEntry[],
  items: readonly HistoryItem[],
  { built, baseCreated }: { readonly built: readonly BuiltLayer[]; readonly baseCreated: string | undefined },
): readonly HistoryEntry[] {
  const layers = built.values()
  const times = items.map(({ hasLayer }) => (hasLayer ? timeOf(layers.next().value) : undefined))
  let created =
    times.find((time) => time !== undefined) ?? baseCreated ?? base.findLast((entry) => entry.created !== undefined)?.created ?? EPOCH
  const entries = items.map(({ createdBy, hasLayer }, i): HistoryEntry => {
    created = times[i] ?? created
    return { created, created_by: createdBy, comment: COMMENT, ...(hasLayer ? {} : { empty_layer: true }) }
  })
  return [...base, ...entries]
}

function timeOf(layer: BuiltLayer | undefined): string {
  if (layer === undefined) throw new Error('The history has more layers than the result')
  return new Date(layer.at).toISOString()
}
