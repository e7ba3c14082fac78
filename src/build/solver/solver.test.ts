import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Digest } from '../../oci/mod.ts'
import { createSolver, type Cache, type Ingredient, type Op, type Solver, type SolverOptions, type Vertex } from './mod.ts'

/** Results are texts; a vertex' result is its name with its inputs' results. */
interface World {
  readonly log: string[]
  readonly records: Map<Digest, string>
  solver(options?: Partial<SolverOptions<string>>): Solver<string>
  vertex(
    name: string,
    inputs?: readonly Vertex<string>[],
    op?: Partial<Op<string>> & { readonly definition?: () => readonly Ingredient[] },
  ): Vertex<string>
}

function world(): World {
  const log: string[] = []
  const records = new Map<Digest, string>()
  const locks = new Map<Digest, Promise<void>>()
  const cache: Cache<string> = {
    find: (key) => records.get(key),
    alias: (key, of) => void records.set(key, records.get(of) ?? ''),
    save: ({ keys, result }) => keys.forEach((key) => records.set(key, result)),
  }
  return {
    log,
    records,
    solver: (options = {}) =>
      createSolver<string>({
        cache,
        lookup: 'use',
        slots: 4,
        signal: new AbortController().signal,
        async lock(key) {
          const before = locks.get(key)
          const held = Promise.withResolvers<void>()
          locks.set(key, held.promise)
          await before
          return { [Symbol.asyncDispose]: async () => held.resolve() }
        },
        events: {
          onStart: ({ name }) => log.push(`start ${name}`),
          onCached: ({ name }) => log.push(`cached ${name}`),
          onDone: ({ name }) => log.push(`done ${name}`),
          onFail: ({ name }) => log.push(`fail ${name}`),
          onCancel: ({ name }) => log.push(`cancel ${name}`),
        },
        ...options,
      }),
    vertex: (name, inputs = [], op = {}) => ({
      name,
      inputs,
      op: {
        cacheable: true,
        definition: () => [['name', name]],
        run: async (results) => `${name}(${results.join(',')})`,
        ...op,
      },
    }),
  }
}

const pause = (milliseconds = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

test('inputs run before what uses them; a second build runs nothing', async () => {
  const { solver, vertex, log } = world()
  const graph = (): Vertex<string> => vertex('c', [vertex('a'), vertex('b')])
  assert.equal(await solver().solve(graph()), 'c(a(),b())')
  assert.equal(log.at(-1), 'done c')
  log.length = 0
  assert.equal(await solver().solve(graph()), 'c(a(),b())')
  assert.deepEqual(log, ['cached a', 'cached b', 'cached c'])
})

test('a hit on the last step needs no earlier result', async () => {
  const { solver, vertex, records, log } = world()
  const graph = (): Vertex<string> => vertex('b', [vertex('a')])
  await solver().solve(graph())
  for (const [key, result] of records) if (result === 'a()') records.delete(key)
  log.length = 0
  assert.equal(await solver().solve(graph()), 'b(a())')
  assert.ok(!log.some((line) => line.startsWith('start')))
})

test('what is made again with the same content keeps what follows cached', async () => {
  const { solver, vertex, log } = world()
  const graph = (source: string): Vertex<string> => {
    const made = vertex('make', [], { definition: () => [['source', source]], run: async () => `made of ${source.length}` })
    return vertex('use', [made], { content: async ([input]) => [['input', input ?? '']] })
  }
  assert.equal(await solver().solve(graph('one')), 'use(made of 3)')
  log.length = 0
  assert.equal(await solver().solve(graph('two')), 'use(made of 3)')
  assert.deepEqual(log, ['start make', 'done make', 'cached use'])
  log.length = 0
  await solver().solve(graph('two'))
  assert.deepEqual(log, ['cached make', 'cached use'], 'found by its definition from now on')
  log.length = 0
  await solver().solve(graph('three'))
  assert.deepEqual(log, ['start make', 'done make', 'start use', 'done use'])
})

test('equal vertices run once, in one build and in two at the same time', async () => {
  const { solver, vertex } = world()
  let runs = 0
  const shared = (): Vertex<string> =>
    vertex('shared', [], {
      run: async () => {
        runs++
        await pause()
        return 'x'
      },
    })
  await solver().solve(vertex('both', [vertex('left', [shared()]), vertex('right', [shared()])]))
  assert.equal(runs, 1)
  const slow = (): Vertex<string> =>
    vertex('slow', [], {
      run: async () => {
        runs++
        await pause()
        return 'y'
      },
    })
  await Promise.all([solver().solve(slow()), solver().solve(slow())])
  assert.equal(runs, 2)
})

test('independent vertices run side by side, but not more than there are slots', async () => {
  const { solver, vertex } = world()
  let active = 0
  let most = 0
  const slow = (name: string): Vertex<string> =>
    vertex(name, [], {
      run: async () => {
        most = Math.max(most, ++active)
        await pause()
        active--
        return name
      },
    })
  await solver({ slots: 2 }).solve(vertex('all', ['a', 'b', 'c', 'd'].map(slow)))
  assert.equal(most, 2)
})

test('the first failure is what is thrown; what ran beside it is canceled and has ended', async () => {
  const { solver, vertex, log } = world()
  let ended = false
  const waits = vertex('waits', [], {
    run: async (_inputs, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await pause()
      ended = true
      throw signal.reason
    },
  })
  const fails = vertex('fails', [], {
    run: async () => {
      await pause()
      throw new Error('broken')
    },
  })
  await assert.rejects(solver().solve(vertex('all', [waits, fails])), { message: 'broken' })
  assert.ok(ended)
  assert.deepEqual(log, ['start waits', 'start fails', 'fail fails', 'cancel waits'])
})

test('giving up cancels what runs and throws the reason', async () => {
  const { solver, vertex, log, records } = world()
  const controller = new AbortController()
  const waits = vertex('waits', [], {
    run: async (_inputs, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      throw new Error('killed')
    },
  })
  setTimeout(() => controller.abort(new Error('enough')), 2)
  await assert.rejects(solver({ signal: controller.signal }).solve(waits), { message: 'enough' })
  assert.deepEqual(log, ['start waits', 'cancel waits'])
  assert.equal(records.size, 0)
})

test('ignoring the cache runs everything once, and records it anew', async () => {
  const { solver, vertex, records } = world()
  let round = 0
  const graph = (): Vertex<string> => vertex('b', [vertex('a', [], { run: async () => `a${++round}` })])
  await solver().solve(graph())
  assert.equal(await solver({ lookup: 'ignore' }).solve(graph()), 'b(a2)')
  assert.equal(await solver().solve(graph()), 'b(a2)')
  assert.ok(![...records.values()].includes('b(a1)'))
})

test('what is never recorded runs each time, and a probe sees through it', async () => {
  const { solver, vertex, records } = world()
  const top = (): Vertex<string> => vertex('top', [vertex('below')], { cacheable: false })
  assert.equal(await solver().probe(top()), undefined)
  await solver().solve(top())
  assert.equal(records.size, 1)
  assert.equal(await solver().probe(top()), 'top(below())')
  assert.equal(await solver({ lookup: 'ignore' }).probe(top()), undefined)
})

test('any graph: the result is that of running everything in order, from whatever is cached', async () => {
  // A graph is a list of vertices, each with the places of its inputs among those before it.
  const graphs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.array(fc.nat(), { maxLength: 3 })), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(graphs, fc.infiniteStream(fc.boolean()), async (graph, forget) => {
      const { solver, vertex, records } = world()
      const build = (): Vertex<string> => {
        const made: Vertex<string>[] = []
        for (const [name, inputs] of graph) {
          const chosen = made.length === 0 ? [] : inputs.map((input) => made[input % made.length] as Vertex<string>)
          made.push(vertex(`v${name}`, chosen, name % 2 === 0 ? {} : { content: async (results) => [['inputs', results.join(' ')]] }))
        }
        return made.at(-1) as Vertex<string>
      }
      const plain = async (at: Vertex<string>): Promise<string> => {
        const inputs = await Promise.all(at.inputs.map(plain))
        return `${at.name}(${inputs.join(',')})`
      }
      const wanted = await plain(build())
      for (let round = 0; round < 3; round++) {
        assert.equal(await solver().solve(build()), wanted)
        for (const key of records.keys()) if (forget.next().value === true) records.delete(key)
      }
    }),
    { numRuns: 50 },
  )
})
