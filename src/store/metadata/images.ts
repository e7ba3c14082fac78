import {
  hostPlatform,
  isDigest,
  isImageIdPrefix,
  isIndexType,
  parseImageConfig,
  parseManifestDocument,
  parseReference,
  selectPlatform,
  shortId,
  type Descriptor,
  type Digest,
  type Manifest,
  type Platform,
  type Reference,
} from '../../oci/mod.ts'
import type { ContentStore } from '../content/content-store.ts'
import { StoreError } from '../store-error.ts'
import type { Database } from './database.ts'
import type { ImageRecord, ImageStore } from './image-store.ts'
import type { TagStore } from './tag-store.ts'

const MANIFEST_LIMIT = 8 << 20

interface ImageRow {
  readonly [name: string]: string | number | null
  readonly digest: string
  readonly media_type: string
  readonly size: number
  readonly id: string
  readonly at: number
}

/** Images as rows, one per manifest; the newest manifest stands for its image ID. */
export function createImages(database: Database, content: ContentStore, tags: TagStore): Omit<ImageStore, 'exportable'> {
  const find = (digest: Digest): ImageRecord | undefined => {
    const row = database.get<ImageRow>(
      'SELECT * FROM images WHERE digest = ?1 OR id = ?1 ORDER BY digest = ?1 DESC, at DESC LIMIT 1',
      digest,
    )
    return row === undefined ? undefined : recordOf(row)
  }

  const ofTarget = async (target: Pick<Descriptor, 'digest' | 'mediaType'>, platform: Platform): Promise<ImageRecord | undefined> => {
    const record = find(target.digest)
    if (record !== undefined || !isIndexType(target.mediaType)) return record
    const index = parseManifestDocument(await content.read(target.digest, MANIFEST_LIMIT), target.mediaType)
    return index.kind === 'index' ? find(selectPlatform(index.manifests, platform).digest) : undefined
  }

  const byName = async (text: string, platform: Platform): Promise<ImageRecord | undefined> => {
    const reference = referenceOf(text)
    if (reference === undefined) return undefined
    const tagged = tags.find(reference)
    if (tagged !== undefined) return ofTarget(tagged.target, platform)
    return reference.digest === undefined ? undefined : find(reference.digest)
  }

  return {
    find,

    put({ id, manifest }) {
      if (database.get('SELECT 1 FROM images WHERE digest = ? AND id = ?', manifest.digest, id) !== undefined) return
      database.transaction(() =>
        database.run(
          'INSERT OR REPLACE INTO images (digest, media_type, size, id, at) VALUES (?, ?, ?, ?, ?)',
          manifest.digest,
          manifest.mediaType,
          manifest.size,
          id,
          Date.now(),
        ),
      )
    },

    list() {
      const newest = new Map<string, ImageRecord>()
      for (const row of database.all<ImageRow>('SELECT * FROM images ORDER BY at')) newest.set(row.id, recordOf(row))
      return [...newest.values()]
    },

    delete(id) {
      database.transaction(() => database.run('DELETE FROM images WHERE id = ?', id))
    },

    async lookup(text, platform = hostPlatform(process.platform, process.arch)) {
      if (isDigest(text)) return find(text)
      const named = await byName(text, platform)
      if (named !== undefined || !isImageIdPrefix(text)) return named
      const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`
      const ids = database.all<{ id: string }>('SELECT DISTINCT id FROM images WHERE id >= ? AND id < ? LIMIT 5', prefix, `${prefix}g`)
      if (ids.length > 1) {
        const found = ids.map(({ id }) => shortId(id as Digest)).join(', ')
        throw new StoreError('IMAGE_AMBIGUOUS', `Image ID ${text} is the beginning of several: ${found}`, {
          hint: 'Write more digits of it',
        })
      }
      return ids[0] === undefined ? undefined : find(ids[0].id as Digest)
    },

    async read(record) {
      const document = parseManifestDocument(await content.read(record.manifest.digest, MANIFEST_LIMIT), record.manifest.mediaType)
      if (document.kind !== 'manifest') throw new StoreError('IMAGE_UNKNOWN', `${record.manifest.digest} is an image index, not an image`)
      const manifest: Manifest = document
      const configBytes = await content.read(manifest.config.digest, MANIFEST_LIMIT)
      return { manifest, config: parseImageConfig(configBytes), configBytes }
    },
  }
}

function referenceOf(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch {
    return undefined
  }
}

function recordOf(row: ImageRow): ImageRecord {
  return { id: row.id as Digest, manifest: { digest: row.digest as Digest, mediaType: row.media_type, size: row.size }, at: row.at }
}
