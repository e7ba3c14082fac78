import type { Digest } from '../../oci/mod.ts'

export interface GcOptions {
  /** Count, but free nothing. */
  readonly dryRun?: boolean
  /** Also forget build records (and so the layers that only they keep). */
  readonly buildCache?: boolean
  readonly signal?: AbortSignal | undefined
  readonly onItem?: ((item: GcItem) => void) | undefined
}

export interface GcItem {
  readonly kind: 'blob' | 'layer' | 'ingest' | 'staging' | 'image' | 'container' | 'lease'
  readonly id: Digest | string
  /** Bytes on disk. */
  readonly bytes: number
}

export interface GcReport {
  readonly items: number
  readonly bytes: number
  readonly byKind: Readonly<Record<GcItem['kind'], { readonly items: number; readonly bytes: number }>>
}

/** What gc needs of the module that owns unpacked layers. Rows of `layers` are deleted by gc; files without rows are the owner's to remove. */
export interface LayerMaintenance {
  /** Unpacked layers and their variants, with bytes on disk. */
  list(): readonly { readonly key: string; readonly diffId: Digest; readonly bytes: number }[]
  /** Inside gc's transaction. */
  forget(key: string): void
  /** Removes directories, tocs and short names that no row knows, and staging directories of dead processes. */
  sweep(onItem: (item: GcItem) => void, options: { readonly dryRun: boolean }): Promise<void>
  /** What is wrong with the unpacked layer, or undefined. With `setAside` a damaged one is forgotten, so that the next pull unpacks it again. */
  verify(diffId: Digest): Promise<string | undefined>
}
