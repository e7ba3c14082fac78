import type { TransferEvent } from '../../image/mod.ts'
import { formatBytes } from '../../kit/mod.ts'
import { shortId, type Digest } from '../../oci/mod.ts'
import type { Output } from '../context.ts'
import { LiveArea } from './live-area.ts'

const BAR = 30

/** What the sink does with a blob, for people. */
export interface TransferWords {
  readonly active: string
  readonly exists: string
  readonly done: string
}

export const PULLING: TransferWords = { active: 'Downloading', exists: 'Already here', done: 'Pull complete' }
export const PUSHING: TransferWords = { active: 'Pushing', exists: 'Already there', done: 'Pushed' }
export const SAVING: TransferWords = { active: 'Saving', exists: 'Already there', done: 'Saved' }
export const LOADING: TransferWords = { active: 'Loading', exists: 'Already here', done: 'Loaded' }

interface Line {
  readonly id: Digest
  state: string
  done: number
  size: number
}

/** Layers on their way: live bars on a terminal, else one line per layer and state. Dispose it when the transfer has ended. */
export class TransferProgress implements Disposable {
  readonly #out: Output
  readonly #words: TransferWords
  readonly #lines = new Map<Digest, Line>()
  readonly #area: LiveArea | undefined

  constructor(out: Output, words: TransferWords) {
    this.#out = out
    this.#words = words
    this.#area = out.isTTY ? new LiveArea(out, () => [...this.#lines.values()].map((line) => formatLine(line, words))) : undefined
  }

  /** For a step that copyImage does not know, such as compressing a layer before it is pushed. */
  step(id: Digest, state: string, done: number, size: number): void {
    this.#set(id, state, done, size)
  }

  readonly onEvent = (event: TransferEvent): void => {
    if (event.role !== 'layer') return
    const { active, exists, done } = this.#words
    const state = { waiting: 'Waiting for another process', active, exists, done }[event.state]
    this.#set(event.digest, state, event.done, event.size)
  }

  /** A line of its own, above the bars. */
  print(text: string): void {
    if (this.#area === undefined) this.#out.write(`${text}\n`)
    else this.#area.print(`${text}\n`)
  }

  [Symbol.dispose](): void {
    this.#area?.[Symbol.dispose]()
  }

  #set(id: Digest, state: string, done: number, size: number): void {
    const line = this.#lines.get(id)
    if (line?.state !== state && this.#area === undefined) this.#out.write(`${shortId(id)}: ${state} (${formatBytes(size)})\n`)
    if (line === undefined) this.#lines.set(id, { id, state, done, size })
    else Object.assign(line, { state, done, size })
  }
}

function formatLine(line: Line, words: TransferWords): string {
  const name = `${shortId(line.id)}: `
  if (line.state === words.done || line.state === words.exists) return `${name}${line.state} ${formatBytes(line.size)}`
  const share = line.size === 0 ? 0 : Math.min(1, line.done / line.size)
  const filled = Math.floor(share * BAR)
  const bar = `${'='.repeat(filled)}${filled < BAR ? '>' : ''}`.padEnd(BAR)
  return `${name}${line.state} [${bar}] ${formatBytes(line.done)}/${formatBytes(line.size)}`
}
