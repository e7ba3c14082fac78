import type { DiffId } from '../../oci/mod.ts'
import type { Lease, Store } from '../../store/mod.ts'
import type { ContextTree } from '../context/context-tree.ts'
import type { FileDigests } from '../context/file-digests.ts'
import type { StepResult } from '../step-result.ts'

/** What the operations of one build share. */
export interface OpTools {
  readonly store: Store
  /** The build's lease, taken when it is first asked for: a build with nothing to do needs none. */
  readonly lease: () => Promise<Lease>
  readonly context: ContextTree
  readonly digests: FileDigests
  /** All layers, bottom first, unpacked: those of base images are brought now. */
  readonly unpacked: (result: StepResult, signal: AbortSignal) => Promise<readonly DiffId[]>
  /** A command is about to be run in this network. */
  readonly onRun: (network: 'host' | 'none') => void
  /** Output of a step's command. */
  readonly output: (vertex: object, fd: 1 | 2, bytes: Uint8Array) => void
  /** SOURCE_DATE_EPOCH: seconds since 1970 that no time in a layer goes beyond. */
  readonly clampTo: number | undefined
}
