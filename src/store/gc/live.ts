import { readFileSync } from 'node:fs'
import { isImageConfigType, isIndexType, isManifestType, parseImageConfig, parseManifestDocument, type Digest } from '../../oci/mod.ts'
import type { ContentStore } from '../content/content-store.ts'
import type { Database } from '../metadata/database.ts'

/** What a manifest needs directly: other blobs, and the layers that its config names. Never changes, so it is remembered. */
export type Edges = Map<Digest, readonly Digest[]>

/** What tags, leases and owners name. */
export function rootsOf(database: Database): Digest[] {
  return ['SELECT digest FROM tags', 'SELECT digest FROM lease_items', 'SELECT digest FROM roots'].flatMap((sql) =>
    database.all<{ digest: string }>(sql).map(({ digest }) => digest as Digest),
  )
}

/**
 * The roots and every digest that they need: blobs and layers alike (an uncompressed layer's digest is both).
 * Synchronous, so that it can run inside the transaction that deletes what it does not name.
 */
export function reachable(database: Database, content: ContentStore, edges: Edges, roots: readonly Digest[]): Set<Digest> {
  const live = new Set<Digest>()
  const types = new Map<Digest, string>()
  for (const table of ['tags', 'images']) {
    for (const row of database.all<{ digest: string; media_type: string }>(`SELECT digest, media_type FROM ${table}`))
      types.set(row.digest as Digest, row.media_type)
  }
  const pending = [...roots]
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (live.has(digest)) continue
    live.add(digest)
    // A held image ID keeps the image.
    pending.push(...database.all<{ digest: string }>('SELECT digest FROM images WHERE id = ?', digest).map((row) => row.digest as Digest))
    const mediaType = types.get(digest)
    if (mediaType === undefined || !(isIndexType(mediaType) || isManifestType(mediaType))) continue
    let needed = edges.get(digest)
    if (needed === undefined) {
      needed = edgesOf(content, digest, mediaType, types)
      edges.set(digest, needed)
    }
    pending.push(...needed)
  }
  return live
}

/** What cannot be read needs nothing that we could know of: `verify` names it. */
function edgesOf(content: ContentStore, digest: Digest, mediaType: string, types: Map<Digest, string>): readonly Digest[] {
  try {
    const document = parseManifestDocument(readFileSync(content.path(digest)), mediaType)
    if (document.kind === 'index') {
      for (const child of document.manifests) types.set(child.digest, child.mediaType)
      return document.manifests.map((child) => child.digest)
    }
    const blobs = [document.config, ...document.layers].map((blob) => blob.digest)
    if (!isImageConfigType(document.config.mediaType)) return blobs
    return [...blobs, ...parseImageConfig(readFileSync(content.path(document.config.digest))).rootfs.diff_ids]
  } catch {
    return []
  }
}
