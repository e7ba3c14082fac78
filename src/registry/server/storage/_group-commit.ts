import type { Database } from '../../../store/mod.ts'

/** Does `work` in a write transaction; resolves once it is durable (`durable: false`: survives a kill, perhaps not a power cut). `work` is synchronous and may run twice when another one of its group failed. */
export type Write = <T>(work: () => T, options?: { readonly durable?: boolean }) => Promise<T>

interface Waiting {
  readonly durable: boolean
  run(): void
  settle(): void
  fail(error: unknown): void
}

/** Design rule 7: all writes of one turn of the event loop share one transaction, so one sync to disk serves all who wait. At most 500 works a transaction. */
export function groupCommit(database: Database): Write {
  let waiting: Waiting[] = []

  const flush = (): void => {
    const group = waiting.slice(0, 500)
    waiting = waiting.slice(group.length)
    if (waiting.length > 0) setImmediate(flush)
    try {
      database.transaction(
        () => {
          for (const item of group) item.run()
        },
        { durable: group.some((item) => item.durable) },
      )
      for (const item of group) item.settle()
    } catch (error) {
      if (group.length === 1) return group[0]?.fail(error)
      // One of them spoiled it for all: each for itself.
      for (const item of group) {
        try {
          database.transaction(() => item.run(), { durable: item.durable })
          item.settle()
        } catch (own) {
          item.fail(own)
        }
      }
    }
  }

  return (work, { durable = true } = {}) =>
    new Promise((resolve, reject) => {
      let result: ReturnType<typeof work>
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({
        durable,
        run: () => void (result = work()),
        settle: () => resolve(result),
        fail: reject,
      })
    })
}
