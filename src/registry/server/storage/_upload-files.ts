import { mkdir, open, opendir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { tryFlock } from '../../../host/mod.ts'
import { codeOf } from '../../../kit/mod.ts'
import type { Digest } from '../../../oci/mod.ts'
import type { ByteStream } from '../../../stream/mod.ts'
import { uploadRange } from '../range.ts'
import { RegistryError } from '../wire-errors.ts'
import { BatchedWriter } from './_batched-writer.ts'
import { digestsOfFile, RunningHash } from './_upload-hash.ts'
import type { AppendOptions, BlobUploads, UploadState } from './blobs.ts'

const PREFIX = 'upload-'
/** Running hashes that are kept for uploads at rest. */
const MOST_HASHES = 1000

export interface FinishedUpload {
  readonly file: string
  readonly content: Digest
  readonly size: number
}

/** Uploads as files `<directory>/upload-<uuid>`; a file's size is how much has arrived. */
export interface UploadFiles extends Omit<BlobUploads, 'commit'> {
  /** Gives the verified file to `take`, which moves it away. On a wrong digest the file is removed. */
  finish<T>(id: string, digest: Digest, take: (upload: FinishedUpload) => Promise<T>): Promise<T>
}

export function uploadFiles(directory: string): UploadFiles {
  const hashes = new Map<string, RunningHash>()
  const fileOf = (id: string): string => join(directory, PREFIX + id)

  const find = async (id: string): Promise<UploadState | undefined> => {
    try {
      const { size, mtimeMs } = await stat(fileOf(id))
      return { id, size, touchedAt: mtimeMs }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** One at a time, in all processes: a second request on the same upload is refused at once, never queued. */
  const withFile = async <T>(id: string, work: (file: FileHandle, size: number) => Promise<T>): Promise<T> => {
    try {
      await using file = await open(fileOf(id), 'r+')
      const { size, ino } = await file.stat()
      if (!tryFlock(file.fd, { shared: false })) throw outOfOrder('Another request is writing to this upload', size)
      // SECURITY: between open and lock another process may have ended the upload; what we have open is then a blob.
      const now = await stat(fileOf(id))
      if (now.ino !== ino || now.size !== size) throw outOfOrder('Another request has written to this upload', now.size)
      return await work(file, size)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `Unknown upload session ${id}`, { cause: error })
      throw error
    }
  }

  const cancel = async (id: string): Promise<void> => {
    hashes.delete(id)
    await rm(fileOf(id), { force: true })
  }

  return {
    async begin(id, algorithm) {
      const create = async (): Promise<void> => (await open(fileOf(id), 'wx')).close()
      await create().catch(async (error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
        await mkdir(directory, { recursive: true })
        await create()
      })
      for (const oldest of hashes.keys()) {
        if (hashes.size < MOST_HASHES) break
        hashes.delete(oldest)
      }
      hashes.set(id, new RunningHash(algorithm))
    },
    find,
    async *list() {
      const entries = await opendir(directory).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      })
      for await (const { name } of entries ?? []) {
        const state = name.startsWith(PREFIX) ? await find(name.slice(PREFIX.length)) : undefined
        if (state !== undefined) yield state
      }
    },
    append: (id, source, options) =>
      withFile(id, async (file, size) => {
        if (options.at !== size) throw outOfOrder(`The upload stands at byte ${size}, but the chunk begins at ${options.at}`, size)
        return append(file, { source, options, hash: hashes.get(id) })
      }),
    finish: (id, digest, take) =>
      withFile(id, async (file, size) => {
        const { content, got } = await digestsOfFile(file, { size, wanted: digest, running: hashes.get(id) })
        if (got !== digest) {
          await cancel(id)
          throw new RegistryError('DIGEST_INVALID', `The uploaded ${size} bytes are ${got}, not ${digest}`)
        }
        // Here, because it may take seconds and the store would block the thread for them.
        await file.sync()
        const result = await take({ file: fileOf(id), content, size })
        hashes.delete(id)
        return result
      }),
    cancel,
  }
}

interface Append {
  readonly source: ByteStream
  readonly options: AppendOptions
  readonly hash: RunningHash | undefined
}

async function append(file: FileHandle, { source, options: { at, length }, hash }: Append): Promise<number> {
  using writer = new BatchedWriter(file, at)
  // A hash that has missed bytes (restart, failed write) stays unused: the file is read again at the end.
  const running = hash?.size === at ? hash : undefined
  let end = at
  const takeBack = async (): Promise<RegistryError> => {
    await writer.flush()
    await file.truncate(at)
    return new RegistryError('SIZE_INVALID', `The chunk announced ${length} bytes, but other than that came`)
  }
  try {
    for await (const piece of source) {
      end += piece.byteLength
      if (length !== undefined && end - at > length) throw await takeBack()
      running?.update(piece)
      await writer.write(piece)
    }
  } catch (error) {
    // CRASH: the client went away. What has arrived stays, so that it can go on from there.
    if (!(error instanceof RegistryError)) await writer.flush().catch(() => {})
    throw error
  }
  if (length !== undefined && end - at !== length) throw await takeBack()
  await writer.flush()
  return end
}

function outOfOrder(message: string, size: number): RegistryError {
  return new RegistryError('RANGE_INVALID', message, { headers: { range: uploadRange(size) } })
}
