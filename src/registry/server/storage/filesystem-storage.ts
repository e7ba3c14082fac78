import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../../kit/mod.ts'
import { digestFrom, type Digest } from '../../../oci/mod.ts'
import type { Lease, Store } from '../../../store/mod.ts'
import { RegistryError } from '../wire-errors.ts'
import { bytesCache } from './_bytes-cache.ts'
import { filePieces } from './_file-pieces.ts'
import { sharedLease } from './_shared-lease.ts'
import { uploadFiles } from './_upload-files.ts'
import type { BlobUploads, HeldContent, RegistryBlobs } from './blobs.ts'

/** A damaged blob is as good as none: the client that is told so sends it again. */
const DAMAGE: ReadonlySet<string> = new Set(['BLOB_UNKNOWN', 'BLOB_DAMAGED', 'BLOB_TOO_LARGE'])
const CACHE_BYTES = 32 << 20

export interface FilesystemStorage extends AsyncDisposable {
  readonly blobs: RegistryBlobs
  readonly uploads: BlobUploads
}

/**
 * Content in the store, where pulled and built images have theirs too: pushing what the machine already has keeps no second copy.
 * Uploads are files in `<root>/ingest`, on the same filesystem, so that the last step is a rename.
 */
export function filesystemStorage(store: Pick<Store, 'root' | 'content' | 'lease'>): FilesystemStorage {
  const { content } = store
  const cache = bytesCache(CACHE_BYTES)
  const leases = sharedLease(store)
  const files = uploadFiles(join(store.root, 'ingest'))

  /** Does `work` with a lease on the digest, and leaves it held. */
  const holding = async (digest: Digest, work: (lease: Lease) => Promise<number | undefined>): Promise<HeldContent | undefined> => {
    const held = await leases.hold(digest)
    const release = async (): Promise<void> => held[Symbol.asyncDispose]()
    try {
      const size = await work(held.lease)
      if (size !== undefined) return { content: digest, size, [Symbol.asyncDispose]: release }
    } catch (error) {
      await release()
      throw error
    }
    await release()
    return undefined
  }

  return {
    blobs: {
      // From the kernel's cache a stat takes 3 µs, a trip through the thread pool 50.
      size: async (digest) => statSync(content.path(digest), { throwIfNoEntry: false })?.size,
      async open(digest, range) {
        if (content.find(digest) === undefined) throw unknownBlob(digest)
        return range.start < range.end ? filePieces(content.path(digest), range) : noPieces()
      },
      async read(digest, size) {
        const cached = cache.get(digest)
        if (cached !== undefined) return cached
        const bytes = await content.read(digest, size).catch((error: unknown) => {
          throw DAMAGE.has(codeOf(error) ?? '') ? unknownBlob(digest, error) : error
        })
        cache.set(digest, bytes)
        return bytes
      },
      async put(bytes) {
        const digest = digestFrom('sha256', createHash('sha256').update(bytes).digest('hex'))
        const held = await holding(digest, async (lease) => {
          await content.putBytes(bytes, lease)
          return bytes.byteLength
        })
        cache.set(digest, bytes)
        return held as HeldContent
      },
      hold: (digest) => holding(digest, async (lease) => content.find(digest, lease)?.size),
    },
    uploads: {
      ...files,
      commit: (id, digest) =>
        files.finish(id, digest, async ({ file, content: found, size }) => {
          const held = await holding(found, async (lease) => {
            await content.adopt(file, { digest: found, size }, lease)
            return size
          })
          return held as HeldContent
        }),
    },
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  }
}

async function* noPieces(): AsyncGenerator<Uint8Array> {}

function unknownBlob(digest: Digest, cause?: unknown): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `Unknown blob ${digest}`, { cause })
}
