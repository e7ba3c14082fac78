import type { Digest, DiffId } from '../../oci/mod.ts'
import type { Lease, Store } from '../../store/mod.ts'
import type { Cache, NewRecord } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'

/** Steps by key; `record` is what was done, `build_keys` all keys that lead to it. `build_files`: digests by what stat says. */
export const MIGRATIONS = [
  `
  CREATE TABLE build_records (id INTEGER PRIMARY KEY, name TEXT NOT NULL, diff_ids TEXT NOT NULL, base_layers INTEGER NOT NULL, created TEXT NOT NULL, ingredients TEXT NOT NULL, milliseconds REAL NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE build_keys (key TEXT PRIMARY KEY, record INTEGER NOT NULL REFERENCES build_records (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
  CREATE TABLE build_files (identity TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
]

/** Build records in the store. Their layers are roots for gc; a record whose layers are gone is no record. */
export function buildCache(store: Store, lease: Lease): Cache<StepResult> {
  const { database, layers, roots } = store
  return {
    find(key) {
      const row = database.get<{ diff_ids: string; base_layers: number; created: string }>(
        'SELECT diff_ids, base_layers, created FROM build_keys JOIN build_records ON build_records.id = build_keys.record WHERE key = ?',
        key,
      )
      if (row === undefined) return undefined
      const diffIds = JSON.parse(row.diff_ids) as DiffId[]
      lease.hold(...diffIds)
      // The base image's own layers need not be unpacked for a step that is cached.
      if (!diffIds.slice(row.base_layers).every((diffId) => layers.find(diffId) !== undefined)) return undefined
      return { diffIds, baseLayers: row.base_layers, created: row.created }
    },

    alias(key, of) {
      database.transaction(
        () => database.run('INSERT OR IGNORE INTO build_keys (key, record) SELECT ?, record FROM build_keys WHERE key = ?', key, of),
        { durable: false },
      )
    },

    save({ vertex, result, keys, ingredients, milliseconds }: NewRecord<StepResult>) {
      database.transaction(
        () => {
          const row = database.get<{ id: number }>(
            'INSERT INTO build_records (name, diff_ids, base_layers, created, ingredients, milliseconds, at) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
            vertex.name,
            JSON.stringify(result.diffIds),
            result.baseLayers,
            result.created,
            JSON.stringify(ingredients),
            milliseconds,
            Date.now(),
          )
          for (const key of keys) database.run('INSERT OR REPLACE INTO build_keys (key, record) VALUES (?, ?)', key, row?.id ?? 0)
          roots.add('build', result.diffIds.slice(result.baseLayers) as Digest[])
        },
        { durable: false },
      )
    },
  }
}
