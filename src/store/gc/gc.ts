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
