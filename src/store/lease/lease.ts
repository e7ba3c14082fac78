import type { Digest } from '../../oci/mod.ts'

/**
 * Keeps content from being swept while somebody works with it. Lives as long as its process holds the lease's lock file,
 * so a killed process's lease ends by itself. A held digest keeps the blob and the layer of that digest.
 */
export interface Lease extends AsyncDisposable {
  readonly id: string
  /** Idempotent. Holding something absent is allowed: it is kept from the moment it arrives. */
  hold(...digests: Digest[]): void
}
