import type { Descriptor, Digest, Reference } from '../../oci/mod.ts'

export interface TagRecord {
  /** Canonical, with its tag. */
  readonly name: string
  readonly target: Descriptor
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Tags of the store: canonical reference → manifest or image index. Every change is remembered. */
export interface TagStore {
  find(reference: Reference): TagRecord | undefined
  /** Atomic; the target and all below it must be present and held by a lease. `why` is kept in the history: `build`, `pull`, `tag`, … */
  set(reference: Reference, target: Descriptor, why: string): void
  /** False when there was none. */
  delete(reference: Reference, why: string): boolean
  list(): readonly TagRecord[]
  /** Newest first; `target` undefined = deleted. */
  history(reference: Reference): readonly { readonly target: Descriptor | undefined; readonly at: number; readonly why: string }[]
  /** A registry has confirmed this digest for this repository (push or pull): what `images --digests` shows. */
  confirm(repository: string, digest: Digest): void
  confirmed(repository: string): readonly Digest[]
}
