import { formatReference, type Descriptor, type Digest, type Reference } from '../../oci/mod.ts'
import type { Database } from './database.ts'
import type { TagRecord, TagStore } from './tag-store.ts'

interface TagRow {
  readonly [name: string]: string | number | null
  readonly name: string
  readonly digest: string
  readonly media_type: string
  readonly size: number
  readonly at: number
}

/** Tags as rows; each change and its history entry are one transaction. */
export function createTags(database: Database): TagStore {
  return {
    find(reference) {
      const row = database.get<TagRow>('SELECT * FROM tags WHERE name = ?', nameOf(reference))
      return row === undefined ? undefined : recordOf(row)
    },

    set(reference, target, why) {
      const name = nameOf(reference)
      database.transaction(() => {
        const before = database.get<TagRow>('SELECT * FROM tags WHERE name = ?', name)
        if (before?.digest === target.digest) return
        const values = [name, target.digest, target.mediaType, target.size, Date.now()] as const
        database.run('INSERT OR REPLACE INTO tags (name, digest, media_type, size, at) VALUES (?, ?, ?, ?, ?)', ...values)
        database.run('INSERT INTO tag_history (name, digest, media_type, size, at, why) VALUES (?, ?, ?, ?, ?, ?)', ...values, why)
      })
    },

    delete(reference, why) {
      const name = nameOf(reference)
      return database.transaction(() => {
        if (database.run('DELETE FROM tags WHERE name = ?', name) === 0) return false
        database.run(
          'INSERT INTO tag_history (name, digest, media_type, size, at, why) VALUES (?, NULL, NULL, NULL, ?, ?)',
          name,
          Date.now(),
          why,
        )
        return true
      })
    },

    list: () => database.all<TagRow>('SELECT * FROM tags ORDER BY name').map(recordOf),

    history: (reference) =>
      database
        .all<{ digest: string | null; media_type: string | null; size: number | null; at: number; why: string }>(
          'SELECT digest, media_type, size, at, why FROM tag_history WHERE name = ? ORDER BY id DESC',
          nameOf(reference),
        )
        .map(({ digest, media_type, size, at, why }) => ({
          target: digest === null ? undefined : { digest: digest as Digest, mediaType: media_type ?? '', size: size ?? 0 },
          at,
          why,
        })),

    confirm(repository, digest) {
      if (database.get('SELECT 1 FROM confirmed WHERE repository = ? AND digest = ?', repository, digest) !== undefined) return
      database.transaction(() => database.run('INSERT OR IGNORE INTO confirmed (repository, digest) VALUES (?, ?)', repository, digest))
    },

    confirmed: (repository) =>
      database
        .all<{ digest: string }>('SELECT digest FROM confirmed WHERE repository = ?', repository)
        .map(({ digest }) => digest as Digest),
  }
}

/** With both tag and digest the digest decides; the tag of a pull by digest is only a label. */
function nameOf(reference: Reference): string {
  return formatReference(reference)
}

function recordOf(row: TagRow): TagRecord {
  const target: Descriptor = { digest: row.digest as Digest, mediaType: row.media_type, size: row.size }
  return { name: row.name, target, at: row.at }
}
