/**
 * Decides what must be done: a graph of vertices in, results out. Knows keys, edges and order; nothing of files, processes or images.
 * Each vertex has two keys: by definition (its op and its inputs' keys) and by content (its op and what it really reads of its inputs).
 * Invariant: an op is opaque, and runs at most once per key, in this build and in all that share the cache and its locks.
 */
export type { Cache, Miss, NewRecord } from './cache.ts'
export { contentKey, definitionKey, type Ingredient } from './key.ts'
export { createSolver, type Solver, type SolverEvents, type SolverOptions } from './solver.ts'
export type { Op, OpContext, Vertex } from './vertex.ts'
