import type { ContentStore } from './content/content-store.ts'
import type { Database } from './metadata/database.ts'
import type { GcOptions, GcReport } from './gc/gc.ts'
import type { ImageStore } from './metadata/image-store.ts'
import type { Layers } from './layers/layers.ts'
import type { Lease } from './lease/lease.ts'
import type { RootStore } from './metadata/root-store.ts'
import type { TagStore } from './metadata/tag-store.ts'
import type { VerifyFinding } from './gc/verify.ts'

/** One directory that holds everything; any number of processes may have it open. Layout: see openStore. */
export interface Store extends AsyncDisposable {
  readonly root: string
  readonly database: Database
  readonly content: ContentStore
  readonly layers: Layers
  readonly tags: TagStore
  readonly images: ImageStore
  readonly roots: RootStore
  /** A new lease of this process. `purpose` is for people: `pull`, `build`. */
  lease(purpose: string): Promise<Lease>
  /** One syncfs: after it, all layers written so far survive a power cut. Call it after the layers and before the rows that name them. */
  sync(): Promise<void>
  gc(options?: GcOptions): Promise<GcReport>
  /** Re-reads everything; yields what is wrong as it is found. */
  verify(options?: {
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: (done: number, total: number) => void
  }): AsyncIterable<VerifyFinding>
}
