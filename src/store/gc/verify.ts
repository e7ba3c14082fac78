import type { Digest } from '../../oci/mod.ts'

export interface VerifyFinding {
  readonly kind: 'blob' | 'layer' | 'toc' | 'tag' | 'database'
  readonly id: Digest | string
  /** What is wrong, as a sentence. */
  readonly problem: string
  /** Tags that need it. */
  readonly usedBy: readonly string[]
}
