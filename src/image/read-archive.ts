import { join } from 'node:path'
import { temporaryDirectory, type TemporaryDirectory } from '../host/mod.ts'
import { decompress, fileStream, sniffCompression, writeFileFrom, type ByteStream } from '../stream/mod.ts'
import { dockerArchiveSource, dockerEntries } from './docker-archive.ts'
import { tarFiles, type Files } from './files.ts'
import { ImageError } from './image-error.ts'
import type { ImageSource } from './image-source.ts'
import { IMAGE_NAME, layoutEntries, layoutSource, REF_NAME } from './layout.ts'

export interface ArchivedImage {
  /** As the archive says them: usually `repository:tag`; none for an image that has no name. */
  readonly names: readonly string[]
  readonly source: ImageSource
}

export interface ArchiveReader extends AsyncDisposable {
  readonly images: readonly ArchivedImage[]
}

/**
 * Opens an archive of any kind: OCI archive, `docker save`, both in one; plain, gzip or zstd; a file or a stream.
 * What is compressed or a stream goes through a file below `temporary`, since its parts are needed in another order.
 * @throws ImageError ARCHIVE_INVALID
 */
export async function readArchive(
  input: string | ByteStream,
  options: { readonly temporary: string; readonly signal?: AbortSignal | undefined },
): Promise<ArchiveReader> {
  const { signal } = options
  const name = typeof input === 'string' ? input : 'standard input'
  let directory: TemporaryDirectory | undefined
  let files: Files | undefined
  try {
    let path = input
    if (typeof path !== 'string' || sniffCompression(await firstBytes(path)) !== 'none') {
      directory = await temporaryDirectory(options.temporary, 'archive-')
      const plain = join(directory.path, 'archive.tar')
      await writeFileFrom(plain, decompress(typeof path === 'string' ? fileStream(path, { signal }) : path), { signal })
      path = plain
    }
    files = await tarFiles(path, name)
    const images = await imagesOf(files)
    const opened = files
    return {
      images,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]()
        await directory?.[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await files?.[Symbol.asyncDispose]()
    await directory?.[Symbol.asyncDispose]()
    throw error
  }
}

async function imagesOf(files: Files): Promise<readonly ArchivedImage[]> {
  const [layout, docker] = [await layoutEntries(files), await dockerEntries(files)]
  if (layout !== undefined) {
    const images = new Map<string, { names: Set<string>; source: ImageSource }>()
    for (const entry of layout) {
      const image = images.get(entry.digest) ?? { names: new Set<string>(), source: layoutSource(files, entry, files.name) }
      const name = entry.annotations?.[IMAGE_NAME] ?? entry.annotations?.[REF_NAME]
      if (name !== undefined) image.names.add(name)
      images.set(entry.digest, image)
    }
    return [...images.values()].map(({ names, source }) => ({ names: [...names], source }))
  }
  if (docker !== undefined) {
    return Promise.all(docker.map(async (entry) => ({ names: entry.names, source: await dockerArchiveSource(files, entry, files.name) })))
  }
  throw new ImageError('ARCHIVE_INVALID', `${files.name} holds no image: neither index.json nor manifest.json is in it`, {
    hint: "load reads what docker save, skopeo copy and lamina save write; for a tar of a root filesystem use 'lamina import'",
  })
}

async function firstBytes(path: string): Promise<Uint8Array> {
  for await (const piece of fileStream(path, { end: 4 })) return piece
  return new Uint8Array(0)
}
