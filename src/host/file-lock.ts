import { closeSync, fstatSync, openSync, statSync, unlinkSync } from 'node:fs'
import { codeOf, sleep } from '../kit/mod.ts'
import { tryFlock } from './syscalls.ts'

/**
 * An flock on a file: freed by the kernel when its process ends, however it ends, and right across pid namespaces.
 * The file may be removed by whoever holds the lock; waiters notice and lock its successor.
 */
export class FileLock implements Disposable {
  #fd: number | undefined
  readonly path: string

  constructor(fd: number, path: string) {
    this.#fd = fd
    this.path = path
  }

  release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  /** Only while it is held exclusively. */
  releaseAndRemove(): void {
    if (this.#fd === undefined) return
    try {
      unlinkSync(this.path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
    this.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** The lock, or undefined when somebody else holds it. The file is created when absent; its directory must exist. */
export function tryLock(path: string, options: { readonly shared?: boolean } = {}): FileLock | undefined {
  for (;;) {
    const fd = openSync(path, 'a', 0o600)
    let keep = false
    try {
      if (!tryFlock(fd, { shared: options.shared === true })) return undefined
      // The file that we locked may have been removed before we had it: then the lock is nobody's.
      if (isSameFile(fd, path)) {
        keep = true
        return new FileLock(fd, path)
      }
    } finally {
      if (!keep) closeSync(fd)
    }
  }
}

export interface LockOptions {
  readonly shared?: boolean
  readonly signal?: AbortSignal | undefined
  /** Called once, when somebody else holds it. */
  readonly onWait?: (() => void) | undefined
}

/** Waits for the lock by polling: a blocking flock would block this thread. */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<FileLock> {
  for (let wait = 2; ; wait = Math.min(100, wait * 2)) {
    options.signal?.throwIfAborted()
    const lock = tryLock(path, { shared: options.shared === true })
    if (lock !== undefined) return lock
    if (wait === 2) options.onWait?.()
    await sleep(wait, options.signal)
  }
}

function isSameFile(fd: number, path: string): boolean {
  try {
    const [mine, there] = [fstatSync(fd), statSync(path)]
    return mine.ino === there.ino && mine.dev === there.dev
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
