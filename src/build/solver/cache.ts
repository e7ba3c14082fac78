import type { Digest } from '../../oci/mod.ts'
import type { Ingredient } from './key.ts'
import type { Vertex } from './vertex.ts'

export interface NewRecord<R> {
  readonly vertex: Vertex<R>
  readonly result: R
  /** Every key that leads to the result from now on. */
  readonly keys: readonly Digest[]
  readonly ingredients: readonly Ingredient[]
  readonly milliseconds: number
}

/** Results of earlier steps. */
export interface Cache<R> {
  /** Undefined too when the record is there but what it names is not. */
  find(key: Digest): R | undefined
  /** A result that was found by one key is from now on found by another too. */
  alias(key: Digest, of: Digest): void
  save(record: NewRecord<R>): void
}

/** Why a step ran: for whoever explains a build. */
export interface Miss {
  readonly definition: Digest
  readonly content: Digest | undefined
}
