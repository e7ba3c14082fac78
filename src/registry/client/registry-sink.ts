import type { ImageSink } from '../../image/mod.ts'
import { familiarReference, type Descriptor, type Digest, type Reference } from '../../oci/mod.ts'
import { verify, type ByteStream } from '../../stream/mod.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryApi } from './registry-api.ts'
import { RegistryError } from './registry-error.ts'
import { getManifest } from './registry-source.ts'
import type { HttpResponse } from './transport/message.ts'

/** A repository to push to (distribution-spec, "Push"): blobs that it lacks, then manifests, then the tag. Closed on dispose. */
export function registrySink(reference: Reference, options: RegistryOptions): ImageSink {
  const api = new RegistryApi(reference, 'pull,push', options)
  const manifests = new Map<Digest, Uint8Array>()

  const putManifest = async (descriptor: Descriptor, bytes: Uint8Array, under: string, signal: AbortSignal | undefined): Promise<void> => {
    const body = { size: bytes.length, open: async () => once(bytes) }
    const headers = { 'content-type': descriptor.mediaType }
    const response = await api.request({ method: 'PUT', path: `manifests/${under}`, headers, body, what: `manifest ${under}`, unknown: 'NAME_UNKNOWN', accept: [201], signal })
    await response.discard()
    const kept = response.header('docker-content-digest')
    if (kept !== undefined && kept !== descriptor.digest) {
      throw new RegistryError('DIGEST_MISMATCH', `${api.host}: it keeps manifest ${under} of ${api.repository} as ${kept}, we sent ${descriptor.digest}`)
    }
  }

  return {
    name: familiarReference(reference),
    concurrency: 5,

    async hasBlob(descriptor, _role, { signal } = {}) {
      const response = await api.request({ method: 'HEAD', path: `blobs/${descriptor.digest}`, what: `blob ${descriptor.digest}`, unknown: 'BLOB_UNKNOWN', accept: [200, 404], signal })
      await response.discard()
      return response.status === 200
    },

    async putBlob(descriptor, _role, open, { signal, onBytes } = {}) {
      await api.retrying(() => upload(api, descriptor, open, { signal, onBytes }), signal)
    },

    async hasManifest(descriptor, { signal } = {}) {
      const request = { method: 'HEAD', path: `manifests/${descriptor.digest}`, what: `manifest ${descriptor.digest}`, unknown: 'MANIFEST_UNKNOWN', accept: [200, 404], headers: { accept: descriptor.mediaType }, signal } as const
      const response = await api.request(request)
      await response.discard()
      return response.status === 200
    },

    async putManifest(descriptor, bytes, { signal } = {}) {
      manifests.set(descriptor.digest, bytes)
      await putManifest(descriptor, bytes, descriptor.digest, signal)
    },

    async finish(root, { signal } = {}) {
      const { tag } = reference
      if (tag === undefined) return
      const bytes = manifests.get(root.digest) ?? (await getManifest(api, root.digest, signal)).bytes
      await putManifest(root, bytes, tag, signal)
    },

    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

/** SPEC: distribution-spec, "Pushing blobs", POST then PUT: one body of known length. */
async function upload(
  api: RegistryApi,
  descriptor: Descriptor,
  open: (start: number) => Promise<ByteStream>,
  options: { readonly signal: AbortSignal | undefined; readonly onBytes: ((done: number) => void) | undefined },
): Promise<void> {
  const what = `upload of blob ${descriptor.digest}`
  const { signal, onBytes } = options
  const started = await api.once({ method: 'POST', path: 'blobs/uploads/', what, unknown: 'NAME_UNKNOWN', accept: [202], signal })
  await started.discard()
  const location = locationOf(api, started)
  // SPEC: the location may have a query of its own, which stays.
  location.searchParams.set('digest', descriptor.digest)
  const body = { size: descriptor.size, open: async () => counted(verify(await open(0), descriptor), onBytes) }
  const headers = { 'content-type': 'application/octet-stream' }
  const finished = await api.once({ method: 'PUT', path: location, headers, body, what, unknown: 'NAME_UNKNOWN', accept: [201], signal })
  await finished.discard()
}

function locationOf(api: RegistryApi, response: HttpResponse): URL {
  const location = response.header('location')
  if (location === undefined || !URL.canParse(location, response.url)) {
    throw new RegistryError('PROTOCOL', `${api.host}: it gave no place to upload to for ${api.repository}`)
  }
  return new URL(location, response.url)
}

async function* counted(source: ByteStream, onBytes: ((done: number) => void) | undefined): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of source) {
    done += piece.length
    yield piece
    onBytes?.(done)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
