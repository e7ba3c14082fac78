import type { BuildEvent } from './build-event.ts'
import { summaryOf } from './graph/locate.ts'
import type { SolverEvents, Vertex } from './solver/mod.ts'
import type { StepLogs } from './step-logs.ts'
import type { StepResult } from './step-result.ts'

/** Numbers what is told in the order in which it comes. Vertices without a name are ours alone. */
export class Progress implements SolverEvents<StepResult> {
  readonly #onEvent: (event: BuildEvent) => void
  readonly #logs: StepLogs
  readonly #ids = new Map<object, number>()
  readonly #warned = new Set<string>()
  #last = 0
  ran = 0
  cached = 0

  constructor(onEvent: (event: BuildEvent) => void, logs: StepLogs) {
    this.#onEvent = onEvent
    this.#logs = logs
  }

  readonly onStart = (vertex: Vertex<StepResult>): void => {
    if (vertex.name === '') return
    this.#start(vertex, vertex.name)
  }

  readonly onCached = (vertex: Vertex<StepResult>): void => {
    if (vertex.name === '') return
    this.cached++
    this.#onEvent({ kind: 'done', id: this.#start(vertex, vertex.name), cached: true, milliseconds: 0 })
  }

  readonly onDone = (vertex: Vertex<StepResult>, milliseconds: number): void => {
    if (vertex.name === '') return
    this.ran++
    this.#onEvent({ kind: 'done', id: this.#idOf(vertex), cached: false, milliseconds })
  }

  readonly onFail = (vertex: Vertex<StepResult>, error: unknown): void => {
    if (vertex.name !== '') this.#onEvent({ kind: 'failed', id: this.#idOf(vertex), message: summaryOf(error) })
  }

  readonly onCancel = (vertex: Vertex<StepResult>): void => {
    if (vertex.name !== '') this.#onEvent({ kind: 'canceled', id: this.#idOf(vertex) })
  }

  output(vertex: object, fd: 1 | 2, bytes: Uint8Array): void {
    const id = this.#idOf(vertex)
    this.#logs.append(vertex, id, bytes)
    this.#onEvent({ kind: 'output', id, fd, bytes })
  }

  /** Says it once. */
  warn(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.#onEvent({ kind: 'warning', text })
  }

  /** Work of the builder itself, such as `exporting to image`. */
  async during<T>(name: string, work: (say: (text: string) => void) => Promise<T> | T): Promise<T> {
    const since = performance.now()
    const id = this.#start({}, name)
    try {
      const result = await work((text) => this.#onEvent({ kind: 'status', id, text }))
      this.#onEvent({ kind: 'done', id, cached: false, milliseconds: performance.now() - since })
      return result
    } catch (error) {
      this.#onEvent({ kind: 'failed', id, message: summaryOf(error) })
      throw error
    }
  }

  #start(key: object, name: string): number {
    const id = ++this.#last
    this.#ids.set(key, id)
    this.#onEvent({ kind: 'started', id, name })
    return id
  }

  #idOf(key: object): number {
    const id = this.#ids.get(key)
    if (id === undefined) throw new Error('A step that was never started is told of')
    return id
  }
}
