import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { randomName } from '../host/mod.ts'

const KEPT_BUILDS = 100

/** The whole output of every step that ran, in `<root>/builds/<time>/<step>.log`. The newest hundred builds are kept. */
export class StepLogs {
  readonly #root: string
  readonly #directory: string
  readonly #logs = new Map<object, { readonly path: string; size: number }>()

  constructor(root: string) {
    this.#root = root
    this.#directory = join('builds', `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${randomName().slice(0, 6)}`)
  }

  append(step: object, number: number, bytes: Uint8Array): void {
    if (this.#logs.size === 0) this.#begin()
    let log = this.#logs.get(step)
    if (log === undefined) this.#logs.set(step, (log = { path: join(this.#directory, `${number}.log`), size: 0 }))
    appendFileSync(join(this.#root, log.path), bytes)
    log.size += bytes.length
  }

  /** Below the store's root; undefined when it printed nothing. */
  find(step: object): { readonly path: string; readonly size: number } | undefined {
    return this.#logs.get(step)
  }

  #begin(): void {
    const builds = join(this.#root, 'builds')
    mkdirSync(join(this.#root, this.#directory), { recursive: true, mode: 0o700 })
    // Their names sort by time.
    for (const old of readdirSync(builds).toSorted().slice(0, -KEPT_BUILDS)) rmSync(join(builds, old), { recursive: true, force: true })
  }
}
