import type { Database } from '../../../store/mod.ts'
import type { Page } from '../paging.ts'

/** SPEC: tags in ASCII order; SQLite compares text bytewise. */
export function listTags(database: Database, repository: number, { after, limit }: Page): readonly string[] {
  return database
    .all<{ name: string }>(
      'SELECT name FROM registry_tags WHERE repository = ? AND name > ? ORDER BY name LIMIT ?',
      repository,
      after,
      limit,
    )
    .map(({ name }) => name)
}

/** Repositories that hold something. */
export function listRepositories(database: Database, { after, limit }: Page): readonly string[] {
  return database
    .all<{ name: string }>(
      `SELECT name FROM registry_repositories r WHERE name > ?
       AND (EXISTS (SELECT 1 FROM registry_manifests WHERE repository = r.id) OR EXISTS (SELECT 1 FROM registry_blobs WHERE repository = r.id))
       ORDER BY name LIMIT ?`,
      after,
      limit,
    )
    .map(({ name }) => name)
}
