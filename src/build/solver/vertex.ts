import type { Ingredient } from './key.ts'

export interface OpContext {
  readonly signal: AbortSignal
  /** The vertex, to name the step by. */
  readonly vertex: { readonly name: string }
}

/** What a vertex does. `R` is what a step results in; the solver only hands it on. */
export interface Op<R> {
  /** False: always done, never recorded (it costs nothing, or names what is outside). */
  readonly cacheable: boolean
  /** All that decides the outcome, but for the inputs. Called once per build. */
  definition(context: OpContext): Promise<readonly Ingredient[]> | readonly Ingredient[]
  /** What it reads of its inputs, or undefined when nothing narrower than the inputs' keys is known. */
  content?(inputs: readonly R[], context: OpContext): Promise<readonly Ingredient[] | undefined>
  run(inputs: readonly R[], context: OpContext): Promise<R>
}

/** A node of the graph. Inputs come before what uses them, so there is no cycle. */
export interface Vertex<R> {
  readonly name: string
  readonly op: Op<R>
  readonly inputs: readonly Vertex<R>[]
}
