import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { randomName, tryLock } from '../../host/mod.ts'
import type { Digest } from '../../oci/mod.ts'
import type { Database } from '../metadata/database.ts'
import type { Lease } from './lease.ts'

const PREFIX = 'lease-'

/** A new lease of this process: a row, and a lock file that the kernel frees when the process ends. */
export function createLease(database: Database, locks: string, purpose: string): Lease {
  const id = randomName()
  // CRASH: lock before row; a lock file without a row is swept by gc.
  const lock = tryLock(join(locks, PREFIX + id))
  if (lock === undefined) throw new Error(`Lease ${id} is taken`)
  database.transaction(() => database.run('INSERT INTO leases (id, purpose, at) VALUES (?, ?, ?)', id, purpose, Date.now()), {
    durable: false,
  })
  const held = new Set<Digest>()
  return {
    id,
    hold(...digests) {
      const added = digests.filter((digest) => !held.has(digest))
      if (added.length === 0) return
      database.transaction(
        () => {
          for (const digest of added) database.run('INSERT OR IGNORE INTO lease_items (lease, digest) VALUES (?, ?)', id, digest)
        },
        { durable: false },
      )
      for (const digest of added) held.add(digest)
    },
    async [Symbol.asyncDispose]() {
      try {
        database.transaction(() => database.run('DELETE FROM leases WHERE id = ?', id), { durable: false })
      } catch {
        // On a full disk not even this can be written. The row means nothing once the lock is free: gc removes it.
      }
      lock.releaseAndRemove()
    },
  }
}

/** Ends the leases of processes that are gone. Gives their number. */
export function endDeadLeases(database: Database, locks: string): number {
  let ended = 0
  const ids = new Set(database.all<{ id: string }>('SELECT id FROM leases').map(({ id }) => id))
  for (const name of readdirSync(locks)) if (name.startsWith(PREFIX)) ids.add(name.slice(PREFIX.length))
  for (const id of ids) {
    const lock = tryLock(join(locks, PREFIX + id))
    if (lock === undefined) continue
    ended += database.transaction(() => database.run('DELETE FROM leases WHERE id = ?', id), { durable: false })
    lock.releaseAndRemove()
  }
  return ended
}
