export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly attempts: number
  /** Milliseconds to wait before try `attempt` (2, 3, …), or undefined to give up. */
  readonly delay: (error: unknown, attempt: number) => number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Calls `task` until it succeeds, `delay` gives up, or the tries are used up; throws the last error. */
export async function retry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task(attempt)
    } catch (error) {
      options.signal?.throwIfAborted()
      const wait = attempt < options.attempts ? options.delay(error, attempt + 1) : undefined
      if (wait === undefined) throw error
      await sleep(wait, options.signal)
    }
  }
}

/** Resolves after `milliseconds`; rejects with the signal's reason when aborted before. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
