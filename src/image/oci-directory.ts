import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renameSync } from 'node:fs'
import { acquireLock, atomicWrite, explainDiskFull, randomName, syncDirectory } from '../host/mod.ts'
import { codeOf } from '../kit/mod.ts'
import { algorithmOf, MediaType, type Descriptor } from '../oci/mod.ts'
import { verify, writeFileFrom } from '../stream/mod.ts'
import { directoryFiles } from './files.ts'
import { ImageError } from './image-error.ts'
import type { ImageSink } from './image-sink.ts'
import type { ImageSource } from './image-source.ts'
import { blobFile, LAYOUT, LAYOUT_FILE, layoutEntries, layoutSource, REF_NAME, selectEntry } from './layout.ts'

/** An image of an OCI layout directory: by tag or digest, or its only one. @throws ImageError IMAGE_UNKNOWN, ARCHIVE_INVALID */
export async function ociDirectorySource(directory: string, reference?: string): Promise<ImageSource> {
  const files = directoryFiles(directory)
  const entries = await layoutEntries(files)
  if (entries === undefined) throw new ImageError('ARCHIVE_INVALID', `${directory} is no OCI layout: it has no index.json`)
  return layoutSource(files, selectEntry(files, entries, reference), reference === undefined ? directory : `${directory}:${reference}`)
}

/** Adds to an OCI layout directory, making it when absent. Other tags stay; index.json changes atomically. */
export async function ociDirectorySink(directory: string, tag?: string): Promise<ImageSink> {
  const files = directoryFiles(directory)
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true })
  const has = async (descriptor: Descriptor): Promise<boolean> => (await files.find(blobFile(descriptor.digest)))?.size === descriptor.size
  return {
    name: tag === undefined ? directory : `${directory}:${tag}`,
    concurrency: 3,
    hasBlob: has,
    async putBlob(descriptor, _role, open, options = {}) {
      const target = join(directory, blobFile(descriptor.digest))
      const temporary = `${target}.${randomName()}`
      try {
        await mkdir(join(directory, 'blobs', algorithmOf(descriptor.digest)), { recursive: true })
        await writeFileFrom(temporary, verify(await open(0), descriptor), { flush: true, signal: options.signal, onBytes: options.onBytes })
        renameSync(temporary, target)
        syncDirectory(join(target, '..'))
      } catch (error) {
        throw explainDiskFull(error, directory, descriptor.size)
      }
    },
    // A layout's manifest says nothing of whether its blobs are there.
    hasManifest: async () => false,
    async putManifest(descriptor, bytes) {
      if (!(await has(descriptor))) atomicWrite(join(directory, blobFile(descriptor.digest)), bytes)
    },
    async finish(root) {
      using lock = await acquireLock(join(directory, 'index.json.lock'))
      const entries = (await currentEntries(directory)).filter((entry) =>
        tag === undefined ? entry.digest !== root.digest : entry.annotations?.[REF_NAME] !== tag,
      )
      const added = tag === undefined ? root : { ...root, annotations: { [REF_NAME]: tag } }
      atomicWrite(join(directory, LAYOUT_FILE), LAYOUT)
      atomicWrite(
        join(directory, 'index.json'),
        JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [...entries, added] }),
      )
      lock.releaseAndRemove()
    },
    async [Symbol.asyncDispose]() {},
  }
}

async function currentEntries(directory: string): Promise<readonly Descriptor[]> {
  try {
    const { manifests } = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as { manifests?: Descriptor[] }
    return manifests ?? []
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw new ImageError('ARCHIVE_INVALID', `${directory}/index.json cannot be read`, { cause: error })
  }
}
