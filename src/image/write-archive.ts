import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { TAR_TRAILER, tarHeader, tarPadding } from '../archive/mod.ts'
import { explainDiskFull, randomName } from '../host/mod.ts'
import { MediaType, parseManifestDocument, type Descriptor, type Digest } from '../oci/mod.ts'
import { verify, type ByteStream } from '../stream/mod.ts'
import type { ImageSink } from './image-sink.ts'
import { blobFile, IMAGE_NAME, LAYOUT, LAYOUT_FILE, REF_NAME } from './layout.ts'

/** An archive being written; images share its blobs. */
export interface ArchiveWriter extends AsyncDisposable {
  /** A sink for one image under these names (as `repository:tag`). */
  sink(names: readonly string[]): ImageSink
  /** Writes the indexes and puts the file in its place. Without it nothing is left. */
  finish(): void
}

/**
 * The hybrid form: an OCI layout and docker's manifest.json in one tar, so that `docker load`, skopeo's docker-archive: and oci-archive:, and we read it.
 * Written beside `path` and renamed at the end.
 */
export function writeArchive(path: string): ArchiveWriter {
  const temporary = `${path}.${randomName()}`
  const fd = openSync(temporary, 'wx', 0o644)
  const written = new Map<Digest, Descriptor>()
  const manifests = new Map<Digest, Uint8Array>()
  const roots: { readonly root: Descriptor; readonly names: readonly string[] }[] = []
  let isOpen = true

  const write = (bytes: Uint8Array): void => {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    } catch (error) {
      throw explainDiskFull(error, temporary)
    }
  }
  const writeFile = (name: string, bytes: Uint8Array): void => {
    write(tarHeader({ path: name, type: 'file', size: bytes.length }))
    write(bytes)
    write(tarPadding(bytes.length))
  }
  const writeBlob = async (descriptor: Descriptor, source: ByteStream, onBytes?: (done: number) => void): Promise<void> => {
    write(tarHeader({ path: blobFile(descriptor.digest), type: 'file', size: descriptor.size }))
    let done = 0
    for await (const piece of verify(source, descriptor)) {
      write(piece)
      done += piece.length
      onBytes?.(done)
    }
    write(tarPadding(descriptor.size))
    written.set(descriptor.digest, descriptor)
  }
  const close = (): void => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }

  return {
    sink: (names) => ({
      name: path,
      // One file, so one blob after the other.
      concurrency: 1,
      hasBlob: async ({ digest }) => written.has(digest),
      putBlob: async (descriptor, _role, open, options = {}) => writeBlob(descriptor, await open(0), options.onBytes),
      hasManifest: async ({ digest }) => manifests.has(digest),
      async putManifest(descriptor, bytes) {
        writeFile(blobFile(descriptor.digest), bytes)
        manifests.set(descriptor.digest, bytes)
      },
      async finish(root) {
        roots.push({ root, names })
      },
      async [Symbol.asyncDispose]() {},
    }),

    finish() {
      writeFile('index.json', json({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: roots.flatMap(layoutEntriesOf) }))
      writeFile(LAYOUT_FILE, new TextEncoder().encode(LAYOUT))
      writeFile('manifest.json', json(roots.flatMap((root) => dockerEntryOf(root, manifests))))
      write(TAR_TRAILER)
      fsyncSync(fd)
      close()
      renameSync(temporary, path)
    },

    async [Symbol.asyncDispose]() {
      close()
      rmSync(temporary, { force: true })
    },
  }
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function layoutEntriesOf({ root, names }: { readonly root: Descriptor; readonly names: readonly string[] }): object[] {
  if (names.length === 0) return [root]
  return names.map((name) => ({ ...root, annotations: { [IMAGE_NAME]: name, [REF_NAME]: name.slice(name.lastIndexOf(':') + 1) } }))
}

/** Docker's own list knows single images only; of an index it takes none. */
function dockerEntryOf(
  { root, names }: { readonly root: Descriptor; readonly names: readonly string[] },
  manifests: ReadonlyMap<Digest, Uint8Array>,
): object[] {
  const bytes = manifests.get(root.digest)
  const document = bytes === undefined ? undefined : parseManifestDocument(bytes, root.mediaType)
  if (document?.kind !== 'manifest') return []
  return [{ Config: blobFile(document.config.digest), RepoTags: names, Layers: document.layers.map((layer) => blobFile(layer.digest)) }]
}
