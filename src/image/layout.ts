import { isDigest, parseDescriptor, parseManifestDocument, algorithmOf, encodedOf, type Descriptor, type Digest } from '../oci/mod.ts'
import { digestBytes, readAll, verify } from '../stream/mod.ts'
import { readFileOf, type Files } from './files.ts'
import { ImageError } from './image-error.ts'
import type { ImageSource } from './image-source.ts'

export const JSON_LIMIT = 8 << 20
/** SPEC: image-spec annotations.md; containerd and docker put the whole name into the other one. */
export const REF_NAME = 'org.opencontainers.image.ref.name'
export const IMAGE_NAME = 'io.containerd.image.name'

/** The image spec's file that marks an OCI layout, and its content. */
export const LAYOUT_FILE = 'oci-layout'
export const LAYOUT = '{"imageLayoutVersion":"1.0.0"}'

export function blobFile(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${encodedOf(digest)}`
}

/** Manifests and indexes of a layout's index.json, or undefined where there is no layout. SPEC: image-spec image-layout.md. */
export async function layoutEntries(files: Files): Promise<readonly Descriptor[] | undefined> {
  const bytes = await readFileOf(files, 'index.json', JSON_LIMIT)
  if (bytes === undefined) return undefined
  const document = parseManifestDocument(bytes, 'application/vnd.oci.image.index.v1+json')
  if (document.kind !== 'index') throw new ImageError('ARCHIVE_INVALID', `${files.name}: index.json is no image index`)
  return document.manifests
}

/** One image of a layout. The caller disposes the files. */
export function layoutSource(files: Files, root: Descriptor, name: string): ImageSource {
  return {
    name,
    resolve: async () => ({ mediaType: root.mediaType, digest: root.digest, size: root.size }),
    async readManifest(descriptor) {
      if ((await files.find(blobFile(descriptor.digest))) === undefined) throw missing(files, descriptor)
      return readAll(verify(await files.open(blobFile(descriptor.digest)), descriptor), JSON_LIMIT)
    },
    async openBlob(descriptor, options = {}) {
      if ((await files.find(blobFile(descriptor.digest))) === undefined) throw missing(files, descriptor)
      return files.open(blobFile(descriptor.digest), options)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The entry that the reference names: by digest, by tag annotation, or the only one. */
export function selectEntry(files: Files, entries: readonly Descriptor[], reference: string | undefined): Descriptor {
  const name = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME]
  const found =
    reference === undefined
      ? entries.length === 1
        ? entries[0]
        : undefined
      : entries.find((entry) =>
          isDigest(reference) ? entry.digest === reference : name(entry) === reference || entry.annotations?.[IMAGE_NAME] === reference,
        )
  if (found !== undefined) return found
  const there = entries.map((entry) => name(entry) ?? entry.digest).join(', ') || 'nothing'
  throw new ImageError(
    'IMAGE_UNKNOWN',
    reference === undefined ? `${files.name} holds ${entries.length} images` : `${files.name} holds no image ${reference}`,
    { hint: `It holds ${there}` },
  )
}

export function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return parseDescriptor({ mediaType, digest: digestBytes(bytes), size: bytes.length }, 'descriptor')
}

function missing(files: Files, descriptor: Descriptor): ImageError {
  return new ImageError('ARCHIVE_INVALID', `${files.name} lacks the blob ${descriptor.digest} that its image needs`)
}
