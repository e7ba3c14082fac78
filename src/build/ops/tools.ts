import type { Lease, Store } from '../../store/mod.ts'
import type { FileDigests } from '../context/file-digests.ts'
import type { ContextTree } from '../context/context-tree.ts'

/** What the operations of one build share. */
export interface OpTools {
  readonly store: Store
  readonly lease: Lease
  readonly context: ContextTree
  readonly digests: FileDigests
  /** Output of the step's command; awaited, so that a slow reader slows the command. */
  readonly output: (step: object, fd: 1 | 2, bytes: Uint8Array) => void
}

/** Joins digests that stand for a filesystem state. */
export function chainOf(diffIds: readonly string[]): string {
  return diffIds.join(' ')
}
