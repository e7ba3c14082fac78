import type { Digest } from '../../../oci/mod.ts'
import type { Lease, Store } from '../../../store/mod.ts'

export interface Held extends AsyncDisposable {
  readonly lease: Lease
}

/** Leases are made with a sync to disk: one serves all pushes that follow each other closely. */
export interface SharedLease extends AsyncDisposable {
  /** The digest is held until the result is disposed of, and at most a little longer. */
  hold(...digests: Digest[]): Promise<Held>
}

/** Milliseconds that an unused lease lives on, and how many holds it takes in its life. */
const IDLE = 500
const MOST_HOLDS = 500

interface Current {
  readonly lease: Promise<Lease>
  users: number
  holds: number
  timer: NodeJS.Timeout | undefined
}

export function sharedLease(store: Pick<Store, 'lease'>): SharedLease {
  let current: Current | undefined
  const ending = new Set<Promise<void>>()

  const end = (old: Current): void => {
    if (current === old) current = undefined
    clearTimeout(old.timer)
    const done = old.lease
      .then((lease) => lease[Symbol.asyncDispose]())
      .catch(() => {})
      .finally(() => ending.delete(done))
    ending.add(done)
  }

  const release = (used: Current): void => {
    used.users--
    if (used.users > 0) return
    if (used !== current) return end(used)
    used.timer = setTimeout(() => end(used), IDLE)
    used.timer.unref()
  }

  return {
    async hold(...digests) {
      current ??= { lease: store.lease('registry push'), users: 0, holds: 0, timer: undefined }
      const used = current
      clearTimeout(used.timer)
      used.users++
      used.holds += digests.length
      // Whoever still uses it keeps it; the last of them ends it.
      if (used.holds >= MOST_HOLDS) current = undefined
      try {
        const lease = await used.lease
        lease.hold(...digests)
        let open = true
        return {
          lease,
          [Symbol.asyncDispose]: async () => {
            if (open) release(used)
            open = false
          },
        }
      } catch (error) {
        release(used)
        throw error
      }
    },
    async [Symbol.asyncDispose]() {
      if (current !== undefined && current.users === 0) end(current)
      await Promise.all(ending)
    },
  }
}
