import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { workerUrl } from './worker-url.ts'

export interface GzipTask {
  readonly data: Uint8Array<ArrayBuffer>
  /** What came before: deflate may refer back to it. */
  readonly dictionary: Uint8Array<ArrayBuffer> | undefined
  readonly level: number
  readonly last: boolean
}

/** A worker's answer to its oldest task. */
export type GzipAnswer = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly error: Error }

interface Slot {
  readonly worker: Worker
  readonly pending: PromiseWithResolvers<Uint8Array>[]
}

/** More would wait for the main thread, which reads, sums and writes. */
export const MOST_WORKERS = Math.min(8, availableParallelism())
/** Threads cost memory; after this long without work they go. */
const IDLE_MILLISECONDS = 2000

const slots: Slot[] = []
let idle: NodeJS.Timeout | undefined

/** Compresses one block on a thread of the process's pool. The bytes of `task` are given away. */
export function compressBlock(task: GzipTask): Promise<Uint8Array> {
  clearTimeout(idle)
  const slot = freeSlot()
  const answer = Promise.withResolvers<Uint8Array>()
  // An abandoned stream awaits nothing any more.
  answer.promise.catch(() => {})
  slot.pending.push(answer)
  // Only work keeps the process alive, not a thread that waits for some.
  slot.worker.ref()
  slot.worker.postMessage(task, [task.data.buffer, ...(task.dictionary === undefined ? [] : [task.dictionary.buffer])])
  return answer.promise
}

function freeSlot(): Slot {
  const least = slots.toSorted((a, b) => a.pending.length - b.pending.length)[0]
  if (least !== undefined && (least.pending.length === 0 || slots.length >= MOST_WORKERS)) return least
  return startWorker()
}

function startWorker(): Slot {
  // Flags that suit the program (--input-type, --test) need not suit a thread.
  const worker = new Worker(workerUrl(new URL('./gzip-worker.ts', import.meta.url), import.meta.url), { execArgv: [] })
  const slot: Slot = { worker, pending: [] }
  const fail = (error: Error): void => {
    const at = slots.indexOf(slot)
    if (at >= 0) slots.splice(at, 1)
    for (const answer of slot.pending.splice(0)) answer.reject(error)
  }
  worker.on('message', (answer: GzipAnswer) => {
    const waiting = slot.pending.shift()
    if ('bytes' in answer) waiting?.resolve(answer.bytes)
    else waiting?.reject(answer.error)
    if (slot.pending.length === 0) rest(slot)
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => fail(new Error(`A compressing thread ended with code ${code}`)))
  slots.push(slot)
  return slot
}

function rest(slot: Slot): void {
  slot.worker.unref()
  if (slots.some(({ pending }) => pending.length > 0)) return
  clearTimeout(idle)
  idle = setTimeout(() => {
    for (const { worker } of slots.splice(0)) void worker.terminate()
  }, IDLE_MILLISECONDS).unref()
}
