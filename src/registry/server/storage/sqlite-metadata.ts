import type { Digest } from '../../../oci/mod.ts'
import type { Database, Row, RootStore } from '../../../store/mod.ts'
import type { Write } from './_group-commit.ts'
import { listRepositories, listTags } from './_lists.ts'
import { listReferrers } from './_referrers.ts'
import type { BlobRecord, ManifestRecord, NewManifest, PutManifestResult, RegistryMetadata, Requirement } from './metadata.ts'

const OWNER = 'registry'

const FIND_BLOB = `SELECT b.digest, b.content, b.size FROM registry_repositories r
  JOIN registry_blobs b ON b.repository = r.id AND b.digest = ? WHERE r.name = ?`
const FIND_MANIFEST = `SELECT m.digest, m.content, m.size, m.media_type AS mediaType FROM registry_repositories r
  JOIN registry_manifests m ON m.repository = r.id AND m.digest = ? WHERE r.name = ?`
const FIND_TAGGED = `SELECT m.digest, m.content, m.size, m.media_type AS mediaType FROM registry_repositories r
  JOIN registry_tags t ON t.repository = r.id AND t.name = ?
  JOIN registry_manifests m ON m.repository = r.id AND m.digest = t.digest WHERE r.name = ?`
const REPOSITORIES_WITH = `SELECT r.name FROM registry_blobs b JOIN registry_repositories r ON r.id = b.repository WHERE b.digest = ? LIMIT ?`

/** The registry's tables in the store's own database, its roots among the store's roots. */
export function sqliteMetadata(database: Database, roots: RootStore, write: Write): RegistryMetadata {
  const findBlob = (repository: string, digest: Digest): BlobRecord | undefined =>
    database.get<Row>(FIND_BLOB, digest, repository) as BlobRecord | undefined

  const findManifest = (
    repository: string,
    reference: { readonly tag: string } | { readonly digest: Digest },
  ): ManifestRecord | undefined =>
    ('tag' in reference
      ? database.get<Row>(FIND_TAGGED, reference.tag, repository)
      : database.get<Row>(FIND_MANIFEST, reference.digest, repository)) as ManifestRecord | undefined

  const repositoryId = (name: string): number | undefined =>
    database.get<{ id: number }>('SELECT id FROM registry_repositories WHERE name = ?', name)?.id

  const makeRepository = (name: string): number => {
    database.run('INSERT INTO registry_repositories (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING', name, Date.now())
    return repositoryId(name) as number
  }

  /** Called after rows were removed: content that no repository has is no root any more. */
  const releaseRoot = (content: Digest): void => {
    const used = database.get(
      `SELECT 1 AS used WHERE EXISTS (SELECT 1 FROM registry_blobs WHERE content = ?1) OR EXISTS (SELECT 1 FROM registry_manifests WHERE content = ?1)`,
      content,
    )
    if (used === undefined) roots.remove(OWNER, [content])
  }

  const unmet = (repository: string, requires: readonly Requirement[]): PutManifestResult | undefined => {
    const missing = new Set<Digest>()
    for (const { digest, size, kind } of requires) {
      const found = (kind === 'child' ? findManifest(repository, { digest }) : undefined) ?? findBlob(repository, digest)
      if (found === undefined) missing.add(digest)
      else if (found.size !== size) return { kind: 'size', digest, size: found.size }
    }
    return missing.size === 0 ? undefined : { kind: 'missing', digests: [...missing] }
  }

  const insertManifest = (id: number, manifest: NewManifest, now: number): void => {
    database.run(
      `INSERT INTO registry_manifests (repository, digest, content, size, media_type, subject, artifact_type, annotations, pushed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET media_type = excluded.media_type, pushed_at = excluded.pushed_at`,
      id,
      manifest.digest,
      manifest.content,
      manifest.size,
      manifest.mediaType,
      manifest.subject ?? null,
      manifest.artifactType ?? null,
      manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
      now,
    )
    roots.add(OWNER, [manifest.content])
  }

  const insertBlob = (repository: string, blob: BlobRecord): void => {
    database.run(
      'INSERT INTO registry_blobs (repository, digest, content, size, pushed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      makeRepository(repository),
      blob.digest,
      blob.content,
      blob.size,
      Date.now(),
    )
    roots.add(OWNER, [blob.content])
  }

  const deleteTagged = (id: number, tag: string): boolean =>
    database.run('DELETE FROM registry_tags WHERE repository = ? AND name = ?', id, tag) > 0

  const deleteByDigest = (repository: string, id: number, digest: Digest): boolean => {
    const found = findManifest(repository, { digest })
    if (found === undefined) return false
    database.run('DELETE FROM registry_tags WHERE repository = ? AND digest = ?', id, digest)
    database.run('DELETE FROM registry_manifests WHERE repository = ? AND digest = ?', id, digest)
    releaseRoot(found.content)
    return true
  }

  return {
    findBlob: async (repository, digest) => findBlob(repository, digest),
    repositoriesWith: async (digest, limit) => database.all<{ name: string }>(REPOSITORIES_WITH, digest, limit).map(({ name }) => name),
    putBlob: (repository, blob) => write(() => insertBlob(repository, blob)),
    deleteBlob: (repository, digest) =>
      write(() => {
        const found = findBlob(repository, digest)
        if (found === undefined) return false
        database.run('DELETE FROM registry_blobs WHERE repository = ? AND digest = ?', repositoryId(repository) as number, digest)
        releaseRoot(found.content)
        return true
      }),
    findManifest: async (repository, reference) => findManifest(repository, reference),
    putManifest: (repository, manifest, { tags, requires }) =>
      write(() => {
        const problem = unmet(repository, requires)
        if (problem !== undefined) return problem
        const id = makeRepository(repository)
        const now = Date.now()
        insertManifest(id, manifest, now)
        for (const tag of tags) {
          database.run(
            `INSERT INTO registry_tags (repository, name, digest, tagged_at) VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET digest = excluded.digest, tagged_at = excluded.tagged_at`,
            id,
            tag,
            manifest.digest,
            now,
          )
        }
        return { kind: 'stored' }
      }),
    deleteManifest: (repository, reference) =>
      write(() => {
        const id = repositoryId(repository)
        if (id === undefined) return false
        return 'tag' in reference ? deleteTagged(id, reference.tag) : deleteByDigest(repository, id, reference.digest)
      }),
    listTags: async (repository, page) => {
      const id = repositoryId(repository)
      return id === undefined ? undefined : listTags(database, id, page)
    },
    listRepositories: async (page) => listRepositories(database, page),
    listReferrers: async (repository, subject, options) => {
      const id = repositoryId(repository)
      return id === undefined ? [] : listReferrers(database, { repository: id, subject, ...options })
    },
  }
}
