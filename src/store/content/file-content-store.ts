import { createHash, type Hash } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { acquireLock, atomicWrite, explainDiskFull, randomName, syncDirectory } from '../../host/mod.ts'
import { codeOf, formatBytes } from '../../kit/mod.ts'
import { algorithmOf, digestFrom, encodedOf, type Digest } from '../../oci/mod.ts'
import { digestBytes, fileStream, readAll, type ByteStream } from '../../stream/mod.ts'
import type { Lease } from '../lease/lease.ts'
import type { Database } from '../metadata/database.ts'
import { StoreError } from '../store-error.ts'
import type { ContentStore, PutOptions } from './content-store.ts'

const READ_LIMIT = 64 << 20

interface Wanted {
  readonly digest: Digest
  readonly size: number
}

/** Blobs as files below `root`, known by rows of `blobs`: a row is added after its file is durable and removed before it goes. */
export function fileContentStore(root: string, database: Database): ContentStore {
  const path = (digest: Digest): string => join(root, 'blobs', algorithmOf(digest), encodedOf(digest))
  const ingest = (name: string): string => join(root, 'ingest', name)
  const lockOf = (digest: Digest): string => join(root, 'locks', digest.replace(':', '-'))

  const find = (digest: Digest, lease?: Lease): { readonly size: number } | undefined => {
    lease?.hold(digest)
    const row = database.get<{ size: number }>('SELECT size FROM blobs WHERE digest = ?', digest)
    // A file that is gone or has another size is no blob: the next put replaces it.
    return row !== undefined && fileSize(path(digest)) === row.size ? { size: row.size } : undefined
  }

  const record = (digest: Digest, size: number): void => {
    database.transaction(() => database.run('INSERT OR REPLACE INTO blobs (digest, size, at) VALUES (?, ?, ?)', digest, size, Date.now()))
  }

  /** CRASH: file durable, renamed, directory durable, then the row. A kill before the row leaves a file that gc sweeps. */
  const publish = (file: string, { digest, size }: Wanted): void => {
    const target = path(digest)
    mkdirSync(join(target, '..'), { recursive: true })
    renameSync(file, target)
    syncDirectory(join(target, '..'))
    record(digest, size)
  }

  const adopt = async (file: string, want: Wanted, lease: Lease): Promise<void> => {
    lease.hold(want.digest)
    using lock = await acquireLock(lockOf(want.digest))
    void lock
    if (find(want.digest) !== undefined) return rm(file, { force: true })
    syncFile(file)
    publish(file, want)
  }

  return {
    find,
    path,
    adopt,

    async open(digest, range = {}) {
      const found = find(digest)
      if (found === undefined) throw unknown(digest)
      return fileStream(path(digest), { ...range, end: Math.min(range.end ?? found.size, found.size) })
    },

    async read(digest, limit = READ_LIMIT) {
      const found = find(digest)
      if (found === undefined) throw unknown(digest)
      if (found.size > limit)
        throw new StoreError('BLOB_TOO_LARGE', `Blob ${digest} has ${formatBytes(found.size)}, more than ${formatBytes(limit)}`)
      const bytes = await readAll(fileStream(path(digest)), limit)
      if (digestBytes(bytes, algorithmOf(digest)) !== digest) throw damaged(digest)
      return bytes
    },

    async put(want, openSource, options) {
      const { lease, signal, onWait } = options
      if (find(want.digest, lease) !== undefined) return
      using lock = await acquireLock(lockOf(want.digest), { signal, onWait })
      void lock
      if (find(want.digest) !== undefined) return
      const directory = ingest(want.digest.replace(':', '-'))
      mkdirSync(directory, { recursive: true })
      const file = join(directory, 'data')
      try {
        await receive(file, want, openSource, options)
        publish(file, want)
      } catch (error) {
        throw explainDiskFull(error, root, want.size)
      }
      await rm(directory, { recursive: true, force: true })
    },

    async putBytes(bytes, lease) {
      const digest = digestBytes(bytes)
      if (find(digest, lease) !== undefined) return digest
      const target = path(digest)
      try {
        mkdirSync(join(target, '..'), { recursive: true })
        // Two writers of the same bytes do no harm: each renames a whole file.
        atomicWrite(target, bytes)
        record(digest, bytes.length)
      } catch (error) {
        throw explainDiskFull(error, root, bytes.length)
      }
      return digest
    },

    async write(source, options) {
      const file = ingest(`write-${randomName()}`)
      const hash = createHash('sha256')
      let size = 0
      try {
        {
          await using handle = await open(file, 'wx')
          size = await append(handle, hash, source, options)
          await handle.sync()
        }
        const digest = digestFrom('sha256', hash.digest('hex'))
        await adopt(file, { digest, size }, options.lease)
        return { digest, size }
      } catch (error) {
        await rm(file, { force: true })
        throw explainDiskFull(error, root)
      }
    },
  }
}

/** Fills the file with exactly what is wanted, going on after what an earlier try left there. */
async function receive(file: string, want: Wanted, openSource: (start: number) => Promise<ByteStream>, options: PutOptions): Promise<void> {
  for (;;) {
    const hash = createHash(algorithmOf(want.digest))
    let start = fileSize(file) ?? 0
    if (start > want.size) start = 0
    if (start > 0) for await (const piece of fileStream(file, { end: start })) hash.update(piece)
    await using handle = await open(file, start > 0 ? 'r+' : 'w')
    if (start > 0) await handle.truncate(start)
    const source = start === want.size ? noBytes() : await openSource(start)
    const limited = limitTo(source, want, start)
    const size = start + (await append(handle, hash, limited, { ...options, start }))
    const digest = digestFrom(algorithmOf(want.digest), hash.digest('hex'))
    if (size === want.size && digest === want.digest) {
      await handle.sync()
      return
    }
    if (size < want.size)
      throw new StoreError('BLOB_DAMAGED', `Blob ${want.digest} ended after ${size} of ${want.size} bytes`, {
        hint: 'Run the command again: it goes on where it stopped',
      })
    await rm(file, { force: true })
    // The part that was kept may have been wrong: try once from the beginning.
    if (start === 0)
      throw new StoreError('BLOB_DAMAGED', `Wrong digest: wanted ${want.digest}, got ${digest}`, {
        hint: 'The source sends other bytes than its manifest names; nothing was kept',
      })
  }
}

async function* limitTo(source: ByteStream, want: Wanted, start: number): AsyncGenerator<Uint8Array> {
  let size = start
  for await (const piece of source) {
    size += piece.length
    // SECURITY: a hostile source must not fill the disk past the announced size.
    if (size > want.size)
      throw new StoreError('BLOB_DAMAGED', `Blob ${want.digest} is longer than the ${want.size} bytes that its descriptor says`)
    yield piece
  }
}

async function append(
  handle: FileHandle,
  hash: Hash,
  source: ByteStream,
  options: PutOptions & { readonly start?: number },
): Promise<number> {
  const start = options.start ?? 0
  let size = 0
  for await (const piece of source) {
    options.signal?.throwIfAborted()
    hash.update(piece)
    for (let at = 0; at < piece.length;) at += (await handle.write(piece, at, piece.length - at, start + size + at)).bytesWritten
    size += piece.length
    options.onBytes?.(start + size)
  }
  return size
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

function syncFile(file: string): void {
  const fd = openSync(file, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function fileSize(file: string): number | undefined {
  try {
    return statSync(file).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function unknown(digest: Digest): StoreError {
  return new StoreError('BLOB_UNKNOWN', `Blob ${digest} is not in the store`, { hint: 'Pull or build the image again' })
}

function damaged(digest: Digest): StoreError {
  return new StoreError('BLOB_DAMAGED', `Blob ${digest} in the store is damaged: its bytes have another digest`, {
    hint: "'lamina verify' sets damaged content aside; then pull or build the image again",
  })
}
