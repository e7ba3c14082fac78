import type { Digest } from '../../oci/mod.ts'

/**
 * What must not be swept, by owner: the registry's memberships, build records, containers.
 * Each owner adds and removes its own rows, inside its own transactions; tags and leases are roots by themselves.
 */
export interface RootStore {
  add(owner: string, digests: readonly Digest[]): void
  remove(owner: string, digests: readonly Digest[]): void
  list(owner: string): readonly Digest[]
}
