import type { ImageSource } from '../../image/mod.ts'
import { digestProblem, familiarReference, MANIFEST_TYPES, parseManifestDocument, type Descriptor, type Reference } from '../../oci/mod.ts'
import { digestBytes, readAll, verify, type ByteStream } from '../../stream/mod.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryApi } from './registry-api.ts'
import { RegistryError } from './registry-error.ts'
import { TransportError } from './transport/message.ts'

const MANIFEST_LIMIT = 8 << 20

/** An image in a registry (distribution-spec, "Pull"). Closed on dispose. */
export function registrySource(reference: Reference, options: RegistryOptions): ImageSource {
  const api = new RegistryApi(reference, 'pull', options)
  const manifests = new Map<string, Uint8Array>()
  return {
    name: familiarReference(reference),

    async resolve({ signal } = {}) {
      const wanted = reference.digest ?? reference.tag ?? 'latest'
      const { bytes, mediaType } = await getManifest(api, wanted, signal)
      const digest = digestBytes(bytes, reference.digest?.startsWith('sha512:') === true ? 'sha512' : 'sha256')
      if (reference.digest !== undefined && digest !== reference.digest) throw mismatch(api, reference.digest, digest)
      manifests.set(digest, bytes)
      return { mediaType, digest, size: bytes.length }
    },

    async readManifest(descriptor, { signal } = {}) {
      const known = manifests.get(descriptor.digest)
      if (known !== undefined) return known
      const { bytes } = await getManifest(api, descriptor.digest, signal)
      return readAll(verify(once(bytes), descriptor), MANIFEST_LIMIT)
    },

    openBlob: async (descriptor, { start = 0, signal } = {}) => download(api, descriptor, start, signal),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

/** By tag or digest; the answer's own words about its digest must be true. */
export async function getManifest(api: RegistryApi, wanted: string, signal?: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }> {
  return api.retrying(async () => {
    const request = { method: 'GET', path: `manifests/${wanted}`, what: `manifest ${wanted}`, unknown: 'MANIFEST_UNKNOWN', accept: [200], headers: { accept: MANIFEST_TYPES.join(', ') }, signal } as const
    const response = await api.once(request)
    const contentType = response.header('content-type') ?? ''
    const bytes = await readAll(response.body, MANIFEST_LIMIT)
    let mediaType: string
    try {
      mediaType = parseManifestDocument(bytes, contentType).mediaType
    } catch (cause) {
      throw new RegistryError('PROTOCOL', `${api.host}: what it gave as manifest ${wanted} of ${api.repository} is none (content type ${contentType || 'unknown'}): ${(cause as Error).message}`, {
        cause,
        hint: 'Is this address a registry? A proxy or a login page may be answering for it',
      })
    }
    const claimed = response.header('docker-content-digest')
    if (claimed !== undefined && digestProblem(claimed) === undefined) {
      const got = digestBytes(bytes, claimed.startsWith('sha512:') ? 'sha512' : 'sha256')
      if (got !== claimed) throw mismatch(api, claimed, got)
    }
    return { bytes, mediaType }
  }, signal)
}

/** A blob from `start` on. When the line breaks it goes on where it stopped; progress earns new tries. */
async function* download(api: RegistryApi, descriptor: Descriptor, start: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  let at = start
  const open = (): Promise<ByteStream> =>
    api.retrying(async () => {
      const range = at > 0 ? { range: `bytes=${at}-` } : {}
      const request = { method: 'GET', path: `blobs/${descriptor.digest}`, what: `blob ${descriptor.digest}`, unknown: 'BLOB_UNKNOWN', accept: [200, 206], headers: range, signal } as const
      const response = await api.once(request)
      if (response.status === 206 && response.header('content-range')?.startsWith(`bytes ${at}-`) !== true) {
        await response.discard()
        throw new RegistryError('PROTOCOL', `${api.host}: asked for blob ${descriptor.digest} from byte ${at}, it sent ${response.header('content-range') ?? 'something else'}`)
      }
      // A server without ranges sends all of it again.
      return response.status === 206 ? response.body : skip(response.body, at)
    }, signal)

  let failed = 0
  while (at < descriptor.size || (descriptor.size === 0 && at === 0 && failed === 0)) {
    const before = at
    try {
      for await (const piece of await open()) {
        at += piece.length
        yield piece
      }
      if (at >= descriptor.size) return
      throw new TransportError('INTERRUPTED', 'the answer was too short')
    } catch (error) {
      if (!(error instanceof TransportError) || error.code !== 'INTERRUPTED') throw error
      signal?.throwIfAborted()
      failed = at > before ? 1 : failed + 1
      if (failed >= 4) {
        throw new RegistryError('TRUNCATED', `${api.host}: blob ${descriptor.digest} of ${api.repository} broke off after ${at} of ${descriptor.size} bytes`, {
          cause: error,
          hint: 'Run the command again: it goes on where it stopped',
        })
      }
    }
  }
}

async function* skip(source: ByteStream, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const piece of source) {
    const taken = Math.min(left, piece.length)
    left -= taken
    if (taken < piece.length) yield piece.subarray(taken)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function mismatch(api: RegistryApi, wanted: string, got: string): RegistryError {
  return new RegistryError('DIGEST_MISMATCH', `${api.host}: the manifest of ${api.repository} has the digest ${got}, wanted ${wanted}`, { hint: 'It was changed on its way, or the registry is broken; nothing was kept' })
}

