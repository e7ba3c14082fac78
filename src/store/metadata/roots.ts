import type { Digest } from '../../oci/mod.ts'
import type { Database } from './database.ts'
import type { RootStore } from './root-store.ts'

export function createRoots(database: Database): RootStore {
  return {
    add(owner, digests) {
      database.transaction(() => {
        for (const digest of digests) database.run('INSERT OR IGNORE INTO roots (owner, digest) VALUES (?, ?)', owner, digest)
      })
    },
    remove(owner, digests) {
      database.transaction(() => {
        for (const digest of digests) database.run('DELETE FROM roots WHERE owner = ? AND digest = ?', owner, digest)
      })
    },
    list: (owner) =>
      database.all<{ digest: string }>('SELECT digest FROM roots WHERE owner = ?', owner).map(({ digest }) => digest as Digest),
  }
}
