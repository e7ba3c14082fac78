import type { Digest } from '../../oci/mod.ts'

/** How far the work for one key has come. */
export type EdgeState<R> =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly since: number }
  | { readonly kind: 'solved'; readonly result: R; readonly from: 'cache' | 'run' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** All vertices of a build that have the same definition share one edge, and so one run. */
export interface Edge<R> {
  readonly key: Digest
  state: EdgeState<R>
  readonly done: Promise<R>
}
