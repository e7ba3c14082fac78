import {
  layerCompression,
  MediaType,
  parseManifestDocument,
  type Compression,
  type Descriptor,
  type Digest,
  type DiffId,
} from '../../oci/mod.ts'
import { gzip, zstd, type ByteStream } from '../../stream/mod.ts'
import type { ContentStore } from '../content/content-store.ts'
import type { Layers } from '../layers/layers.ts'
import type { Lease } from '../lease/lease.ts'
import type { Database } from '../metadata/database.ts'
import type { ImageStore } from '../metadata/image-store.ts'

type Packed = Exclude<Compression, 'none'>

const MEDIA_TYPES: Readonly<Record<Packed, string>> = { gzip: MediaType.ociLayerGzip, zstd: MediaType.ociLayerZstd }

interface Parts {
  readonly database: Database
  readonly content: ContentStore
  readonly layers: Layers
  readonly images: Pick<ImageStore, 'find' | 'put'>
}

/** Remembers that the compressed blob unpacks to the layer. */
export function recordLayerBlob(
  database: Database,
  diffId: DiffId,
  compression: Packed,
  blob: { readonly digest: Digest; readonly size: number },
): void {
  const known = database.get(
    'SELECT 1 FROM layer_blobs WHERE diff_id = ? AND compression = ? AND digest = ?',
    diffId,
    compression,
    blob.digest,
  )
  if (known !== undefined) return
  database.transaction(() =>
    database.run(
      'INSERT OR IGNORE INTO layer_blobs (diff_id, compression, digest, size) VALUES (?, ?, ?, ?)',
      diffId,
      compression,
      blob.digest,
      blob.size,
    ),
  )
}

/** See ImageStore.exportable. */
export function createExportable({ database, content, layers, images }: Parts): ImageStore['exportable'] {
  return async (target, { compression, lease, signal, onLayer }) => {
    lease.hold(target.digest)
    const document = parseManifestDocument(await content.read(target.digest), target.mediaType)
    if (document.kind !== 'manifest' || document.layers.every((layer) => content.find(layer.digest, lease) !== undefined)) return target
    const known = findConversion(database, target.digest, compression)
    if (known !== undefined && (await isWhole(content, known, lease))) return known

    const converted: Descriptor[] = []
    for (const layer of document.layers) {
      if (content.find(layer.digest, lease) !== undefined || layerCompression(layer.mediaType) !== 'none') {
        converted.push(layer)
        continue
      }
      // SPEC: an uncompressed layer's digest is its diffID (image-spec config.md, "Layer DiffID").
      const blob = await compressedBlob(layer.digest, layer.size)
      converted.push({ ...layer, mediaType: MEDIA_TYPES[compression], ...blob })
    }
    const bytes = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociManifest,
        config: document.config,
        layers: converted,
        ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
      }),
    )
    const digest = await content.putBytes(bytes, lease)
    const result: Descriptor = { mediaType: MediaType.ociManifest, digest, size: bytes.length }
    const image = images.find(target.digest)
    database.transaction(() => {
      if (image !== undefined) images.put({ id: image.id, manifest: result })
      database.run(
        'INSERT OR REPLACE INTO conversions (digest, compression, to_digest, to_media_type, to_size) VALUES (?, ?, ?, ?, ?)',
        target.digest,
        compression,
        digest,
        result.mediaType,
        result.size,
      )
    })
    return result

    async function compressedBlob(diffId: DiffId, size: number): Promise<{ digest: Digest; size: number }> {
      const rows = database.all<{ digest: string; size: number }>(
        'SELECT digest, size FROM layer_blobs WHERE diff_id = ? AND compression = ?',
        diffId,
        compression,
      )
      for (const row of rows) {
        if (content.find(row.digest as Digest, lease) !== undefined) return { digest: row.digest as Digest, size: row.size }
      }
      const tar = counted(await layers.openTar(diffId, { signal }), (done) => onLayer?.(diffId, done, size))
      const blob = await content.write(compression === 'gzip' ? gzip(tar, { signal }) : zstd(tar), { lease, signal })
      recordLayerBlob(database, diffId, compression, blob)
      return blob
    }
  }
}

async function* counted(source: ByteStream, onBytes: (done: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of source) {
    done += piece.length
    onBytes(done)
    yield piece
  }
}

function findConversion(database: Database, digest: Digest, compression: Packed): Descriptor | undefined {
  const row = database.get<{ to_digest: string; to_media_type: string; to_size: number }>(
    'SELECT to_digest, to_media_type, to_size FROM conversions WHERE digest = ? AND compression = ?',
    digest,
    compression,
  )
  return row === undefined ? undefined : { digest: row.to_digest as Digest, mediaType: row.to_media_type, size: row.to_size }
}

async function isWhole(content: ContentStore, target: Descriptor, lease: Lease): Promise<boolean> {
  if (content.find(target.digest, lease) === undefined) return false
  const document = parseManifestDocument(await content.read(target.digest), target.mediaType)
  return document.kind === 'manifest' && document.layers.every((layer) => content.find(layer.digest, lease) !== undefined)
}
