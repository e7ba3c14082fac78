import type { Digest, DiffId } from '../../oci/mod.ts'
import type { Lease, Row, Store } from '../../store/mod.ts'
import type { Cache, NewRecord, Vertex } from '../solver/mod.ts'
import type { BuiltLayer, StepResult } from '../step-result.ts'

/** What the record keeps of a step beside its result. */
export interface StepDetails {
  /** Below the store's root; undefined when it printed nothing. */
  readonly log: { readonly path: string; readonly size: number } | undefined
  /** Of the Dockerfile. */
  readonly lines: { readonly first: number; readonly last: number } | undefined
}

export interface BuildCacheOptions {
  readonly store: Store
  /** What is found is held; undefined while nothing may be taken. */
  readonly lease: () => Lease | undefined
  readonly detailsOf: (vertex: Vertex<StepResult>) => StepDetails
}

const DAY = 86_400_000

interface RecordRow extends Row {
  readonly id: number
  readonly base: string
  readonly built: string
  readonly used: number
}

/** Build records in the store. Their layers are roots for gc; a record whose layers are gone is no record. */
export function buildCache({ store, lease, detailsOf }: BuildCacheOptions): Cache<StepResult> {
  const { database, layers } = store
  return {
    find(key) {
      const row = database.get<RecordRow>(
        'SELECT id, base, built, used FROM build_keys JOIN build_records ON build_records.id = build_keys.record WHERE key = ?',
        key,
      )
      if (row === undefined) return undefined
      const built = (JSON.parse(row.built) as [DiffId, number][]).map(([diffId, at]): BuiltLayer => ({ diffId, at }))
      const base = JSON.parse(row.base) as DiffId[]
      // Held before it is looked for: what was there and held is there.
      lease()?.hold(...base, ...built.map(({ diffId }) => diffId))
      if (!built.every(({ diffId }) => layers.find(diffId) !== undefined)) return undefined
      touch(store, row)
      return { base, built }
    },

    alias(key, of) {
      database.transaction(
        () => database.run('INSERT OR REPLACE INTO build_keys (key, record) SELECT ?, record FROM build_keys WHERE key = ?', key, of),
        { durable: false },
      )
    },

    save(record) {
      const details = detailsOf(record.vertex)
      database.transaction(() => insert(store, record, details), { durable: false })
    },
  }
}

/** When it was last used, to the day: a warm build writes nothing. */
function touch({ database }: Store, { id, used }: RecordRow): void {
  const now = Date.now()
  if (now - used < DAY) return
  database.transaction(() => database.run('UPDATE build_records SET used = ? WHERE id = ?', now, id), { durable: false })
}

function insert(store: Store, { vertex, result, keys, ingredients, milliseconds }: NewRecord<StepResult>, details: StepDetails): void {
  const { database, layers, roots } = store
  const top = result.built.at(-1)?.diffId
  const layer = top === undefined ? undefined : layers.find(top)
  const before = keys.flatMap((key) => database.get<{ record: number }>('SELECT record FROM build_keys WHERE key = ?', key)?.record ?? [])
  const now = Date.now()
  const row = database.get<{ id: number }>(
    `INSERT INTO build_records (name, base, built, diff_id, tar_size, size, ingredients, milliseconds, log, log_size, first_line, last_line, at, used)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    vertex.name,
    JSON.stringify(result.base),
    JSON.stringify(result.built.map(({ diffId, at }) => [diffId, at])),
    top ?? null,
    layer?.tarSize ?? null,
    layer?.size ?? null,
    JSON.stringify(ingredients),
    milliseconds,
    details.log?.path ?? null,
    details.log?.size ?? 0,
    details.lines?.first ?? null,
    details.lines?.last ?? null,
    now,
    now,
  )
  if (row === undefined) throw new Error('INSERT … RETURNING gave no row')
  for (const key of keys) database.run('INSERT OR REPLACE INTO build_keys (key, record) VALUES (?, ?)', key, row.id)
  if (top !== undefined) roots.add('build', [top])
  for (const old of new Set(before)) forget(store, old)
}

/** A record that no key leads to any more goes, and its layer unless another record has made the same. */
function forget({ database, roots }: Store, id: number): void {
  if (database.get('SELECT 1 AS x FROM build_keys WHERE record = ? LIMIT 1', id) !== undefined) return
  const diffId = database.get<{ diff_id: string | null }>('SELECT diff_id FROM build_records WHERE id = ?', id)?.diff_id
  database.run('DELETE FROM build_records WHERE id = ?', id)
  if (typeof diffId === 'string' && database.get('SELECT 1 AS x FROM build_records WHERE diff_id = ? LIMIT 1', diffId) === undefined)
    roots.remove('build', [diffId as Digest])
}
