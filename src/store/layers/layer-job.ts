import { Worker } from 'node:worker_threads'
import { CodedError } from '../../kit/mod.ts'
import { workerUrl, type ByteStream } from '../../stream/mod.ts'
import { StoreError } from '../store-error.ts'
import type { ViewLayer } from './layer-view.ts'
import type { Needs } from './needs.ts'

export type LayerJob =
  | { readonly kind: 'unpack'; readonly target: string; readonly toc: string }
  | {
      readonly kind: 'commit'
      readonly upper: string
      readonly toc: string
      readonly below: readonly ViewLayer[]
      readonly clampTo: number | undefined
    }

export interface LayerResult {
  /** Hex, of the uncompressed tar. */
  readonly sha256: string
  readonly tarSize: number
  readonly size: number
  readonly needs: Needs
}

export type LayerAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'done'; readonly result: LayerResult }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly code: string | undefined
      readonly hint: string | undefined
      readonly syscall: string | undefined
      readonly path: string | undefined
      readonly stack: string | undefined
    }

export interface JobOptions {
  readonly source?: ByteStream
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((done: number) => void) | undefined
  readonly onWarning?: ((text: string) => void) | undefined
}

/** Pieces on their way to the worker: enough to keep it busy. */
const CREDIT = 4

/** Runs one job in a worker of its own; aborting ends the worker. */
export async function runLayerJob(job: LayerJob, options: JobOptions = {}): Promise<LayerResult> {
  options.signal?.throwIfAborted()
  const worker = new Worker(workerUrl(new URL('./layer-worker.ts', import.meta.url), import.meta.url), { workerData: job })
  let credit = CREDIT
  let wake: (() => void) | undefined
  let stopped: unknown
  const stop = (error: unknown): void => {
    stopped ??= error
    wake?.()
  }
  const ended = new Promise<LayerResult>((resolve, reject) => {
    worker.on('message', (answer: LayerAnswer) => {
      switch (answer.kind) {
        case 'taken':
          credit++
          return wake?.()
        case 'warning':
          return options.onWarning?.(answer.text)
        case 'done':
          return resolve(answer.result)
        case 'failed':
          return reject(revive(answer))
      }
    })
    worker.on('error', reject)
    worker.on('exit', () => reject(new Error('The layer worker ended without an answer')))
    options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), { once: true })
  })
  ended.catch(stop)
  try {
    if (options.source !== undefined) await feed(options.source)
    return await ended
  } catch (error) {
    // The worker's own error says more than that its input broke off.
    throw stopped ?? error
  } finally {
    await worker.terminate()
  }

  async function feed(source: ByteStream): Promise<void> {
    let done = 0
    for await (const piece of source) {
      while (credit === 0 && stopped === undefined) await new Promise<void>((resolve) => (wake = resolve))
      if (stopped !== undefined) return
      credit--
      const copy = new Uint8Array(piece)
      worker.postMessage(copy, [copy.buffer])
      done += piece.length
      options.onBytes?.(done)
    }
    worker.postMessage(null)
  }
}

/** Errors lose their class on the way between threads. */
function revive({ message, code, hint, syscall, path, stack }: Extract<LayerAnswer, { kind: 'failed' }>): Error {
  if (syscall !== undefined) return Object.assign(new Error(message), { code, syscall, path })
  if (code?.startsWith('LAYER_') === true) return new StoreError(code as 'LAYER_INVALID', message, hint === undefined ? {} : { hint })
  if (code !== undefined && !code.startsWith('ERR_')) return new CodedError(code, message, hint === undefined ? {} : { hint })
  return Object.assign(new Error(message), { stack })
}
