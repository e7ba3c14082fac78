import { limit } from '../../kit/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import type { Cache } from './cache.ts'
import type { Edge, EdgeState } from './edge.ts'
import { contentKey, definitionKey, type Ingredient } from './key.ts'
import type { Vertex } from './vertex.ts'

export interface SolverEvents<R> {
  readonly onStart: (vertex: Vertex<R>) => void
  /** A step that was found in the cache is told once, without a start. */
  readonly onCached: (vertex: Vertex<R>) => void
  readonly onDone: (vertex: Vertex<R>, milliseconds: number) => void
  readonly onFail: (vertex: Vertex<R>, error: unknown) => void
  /** It was running when another failed, or when the build was given up. */
  readonly onCancel: (vertex: Vertex<R>) => void
}

export interface SolverOptions<R> {
  readonly cache: Cache<R>
  /** `ignore` looks nothing up, but records. */
  readonly lookup: 'use' | 'ignore'
  /** Keeps every other build, of this and other processes, from running what has this key. */
  readonly lock: (key: Digest, signal: AbortSignal) => Promise<AsyncDisposable>
  /** Most ops that run at once. */
  readonly slots: number
  readonly signal: AbortSignal
  readonly events: SolverEvents<R>
}

export interface Solver<R> {
  /** The result if the record of this very vertex is there; only ops that are never recorded run, and nothing is told. */
  probe(vertex: Vertex<R>): Promise<R | undefined>
  /** Tells of the vertex and all that it is made of as cached. */
  tellCached(vertex: Vertex<R>): void
  /** Throws the first error, after all that was running has stopped. */
  solve(vertex: Vertex<R>): Promise<R>
}

interface Keyed {
  readonly key: Digest
  readonly ingredients: readonly Ingredient[]
}

export function createSolver<R>(options: SolverOptions<R>): Solver<R> {
  const { cache, events } = options
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const slot = limit(options.slots)
  const keys = new Map<Vertex<R>, Promise<Keyed>>()
  const edges = new Map<Digest, Edge<R>>()
  const told = new Set<Vertex<R>>()
  let firstError: { readonly error: unknown } | undefined

  function keyed(vertex: Vertex<R>): Promise<Keyed> {
    let found = keys.get(vertex)
    if (found === undefined) keys.set(vertex, (found = computeKey(vertex)))
    return found
  }

  async function computeKey(vertex: Vertex<R>): Promise<Keyed> {
    const [ingredients, inputs] = await Promise.all([vertex.op.definition({ signal, vertex }), Promise.all(vertex.inputs.map(keyed))])
    return {
      ingredients,
      key: definitionKey(
        ingredients,
        inputs.map(({ key }) => key),
      ),
    }
  }

  async function evaluate(vertex: Vertex<R>): Promise<R> {
    const { key, ingredients } = await keyed(vertex)
    let edge = edges.get(key)
    if (edge === undefined) {
      const work = Promise.withResolvers<R>()
      edge = { key, state: { kind: 'waiting' }, done: work.promise }
      edges.set(key, edge)
      // Whoever waits for the edge sees the error; nobody may be waiting yet.
      work.promise.catch(() => {})
      work.resolve(workOn(vertex, edge, ingredients))
    }
    return edge.done
  }

  async function workOn(vertex: Vertex<R>, edge: Edge<R>, ingredients: readonly Ingredient[]): Promise<R> {
    try {
      const { result, from } = await resolveEdge(vertex, edge, ingredients)
      edge.state = { kind: 'solved', result, from }
      return result
    } catch (error) {
      fail(vertex, edge, error)
      throw error
    }
  }

  function fail(vertex: Vertex<R>, edge: Edge<R>, error: unknown): void {
    const wasRunning = edge.state.kind === 'running'
    edge.state = { kind: 'failed', error }
    const isFirst = firstError === undefined
    firstError ??= { error }
    if (wasRunning) {
      if (isFirst && !options.signal.aborted) events.onFail(vertex, error)
      else events.onCancel(vertex)
    }
    failure.abort(error)
  }

  async function resolveEdge(vertex: Vertex<R>, edge: Edge<R>, ingredients: readonly Ingredient[]): Promise<Solved<R>> {
    const { op } = vertex
    signal.throwIfAborted()
    const usesCache = op.cacheable && options.lookup === 'use'
    const known = usesCache ? cache.find(edge.key) : undefined
    if (known !== undefined) return fromCache(vertex, known)
    const inputs = await allOf(vertex.inputs.map(evaluate))
    signal.throwIfAborted()
    const content = op.cacheable ? await op.content?.(inputs, { signal, vertex }) : undefined
    const byContent = content === undefined ? undefined : contentKey(ingredients, content)
    const lookUp = (): R | undefined => {
      if (!usesCache || byContent === undefined) return undefined
      const found = cache.find(byContent)
      if (found !== undefined) cache.alias(edge.key, byContent)
      return found
    }
    const same = lookUp()
    if (same !== undefined) return fromCache(vertex, same)
    if (!op.cacheable) return { result: await run(vertex, edge, inputs), from: 'run' }
    // By content if there is one: two builds that come to the same step by different ways do it once.
    await using lock = await options.lock(byContent ?? edge.key, signal)
    void lock
    const meanwhile = (usesCache ? cache.find(edge.key) : undefined) ?? lookUp()
    if (meanwhile !== undefined) return fromCache(vertex, meanwhile)
    const begun = performance.now()
    const result = await run(vertex, edge, inputs)
    const all = byContent === undefined ? [edge.key] : [edge.key, byContent]
    const milliseconds = performance.now() - begun
    cache.save({ vertex, result, keys: all, ingredients: [...ingredients, ...(content ?? [])], milliseconds })
    return { result, from: 'run' }
  }

  async function run(vertex: Vertex<R>, edge: Edge<R>, inputs: readonly R[]): Promise<R> {
    return slot(async () => {
      signal.throwIfAborted()
      const since = performance.now()
      edge.state = { kind: 'running', since }
      told.add(vertex)
      events.onStart(vertex)
      const result = await vertex.op.run(inputs, { signal, vertex })
      events.onDone(vertex, performance.now() - since)
      return result
    })
  }

  function fromCache(vertex: Vertex<R>, result: R): Solved<R> {
    tellCached(vertex)
    return { result, from: 'cache' }
  }

  async function probe(vertex: Vertex<R>): Promise<R | undefined> {
    const { op } = vertex
    if (op.cacheable) return options.lookup === 'use' ? cache.find((await keyed(vertex)).key) : undefined
    const inputs: R[] = []
    for (const input of vertex.inputs) {
      const found = await probe(input)
      if (found === undefined) return undefined
      inputs.push(found)
    }
    return op.run(inputs, { signal, vertex })
  }

  function tellCached(vertex: Vertex<R>): void {
    if (told.has(vertex)) return
    told.add(vertex)
    for (const input of vertex.inputs) tellCached(input)
    events.onCached(vertex)
  }

  /** Promise.all that ends only when all have: nothing goes on behind the caller's back. */
  async function allOf(work: readonly Promise<R>[]): Promise<R[]> {
    await Promise.allSettled(work)
    return Promise.all(work)
  }

  return {
    probe,
    tellCached,
    async solve(vertex) {
      try {
        return await evaluate(vertex)
      } catch (error) {
        await Promise.allSettled([...edges.values()].map(({ done }) => done))
        options.signal.throwIfAborted()
        throw firstError?.error ?? error
      }
    },
  }
}

type Solved<R> = Pick<Extract<EdgeState<R>, { kind: 'solved' }>, 'result' | 'from'>
