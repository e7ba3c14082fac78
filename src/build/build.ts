import type { Descriptor, Digest, Platform, Reference } from '../oci/mod.ts'
import type { ImageRecord, Store } from '../store/mod.ts'

export interface BuildRequest {
  /** The build context's directory. */
  readonly context: string
  /** Path of the Dockerfile; default `Dockerfile` (or `dockerfile`) in the context. */
  readonly file?: string | undefined
  readonly target?: string | undefined
  readonly buildArgs: Readonly<Record<string, string>>
  readonly tags: readonly Reference[]
  readonly noCache: boolean
  readonly pull: boolean
  readonly network: 'default' | 'host' | 'none'
  readonly platform: Platform
  readonly signal: AbortSignal
  readonly onEvent: (event: BuildEvent) => void
}

export interface BuildTools {
  readonly store: Store
  /** Finds a base image in the store or fetches manifest and config of it (layers come when a step needs files). From cli. */
  readonly resolveImage: (
    reference: Reference,
    options: { readonly platform: Platform; readonly pull: boolean; readonly signal: AbortSignal; readonly onText: (line: string) => void },
  ) => Promise<ImageRecord>
}

export interface BuildResult {
  readonly imageId: Digest
  readonly manifest: Descriptor
  readonly steps: number
  readonly cached: number
}

/** What a build tells while it goes on; a renderer makes `#N` lines or live bars of it. */
export type BuildEvent =
  | { readonly kind: 'started'; readonly id: number; readonly name: string }
  | { readonly kind: 'output'; readonly id: number; readonly fd: 1 | 2; readonly bytes: Uint8Array }
  | { readonly kind: 'status'; readonly id: number; readonly text: string }
  | { readonly kind: 'done'; readonly id: number; readonly cached: boolean; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'canceled'; readonly id: number }
  | { readonly kind: 'warning'; readonly text: string }
