import type { ImageSource } from '../../image/mod.ts'
import { familiarReference, type Descriptor, type Reference } from '../../oci/mod.ts'
import { downloadBlob } from './blob-download.ts'
import { getManifest, headManifest, readManifest, type FetchedManifest } from './manifests.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryError } from './registry-error.ts'
import { openRepository } from './repository-session.ts'

/** An image in a registry, to read. Nothing is asked before the first call. @throws RegistryError, from every method */
export function registrySource(reference: Reference, options: RegistryOptions = {}): ImageSource {
  const session = openRepository(reference, 'pull', options)
  const name = reference.digest ?? reference.tag ?? 'latest'
  let fetched: FetchedManifest | undefined
  return {
    name: familiarReference(reference),

    async resolve({ signal } = {}): Promise<Descriptor> {
      const head = await headManifest(session, name, signal)
      const descriptor = head ?? (fetched = await getManifest(session, name, signal)).descriptor
      if (reference.digest === undefined || descriptor.digest === reference.digest) return descriptor
      throw new RegistryError('DIGEST_MISMATCH', `${session.name} answered ${descriptor.digest} when asked for ${reference.digest}`)
    },

    async readManifest(descriptor, { signal } = {}): Promise<Uint8Array> {
      if (fetched?.descriptor.digest === descriptor.digest && fetched.descriptor.size === descriptor.size) return fetched.bytes
      return readManifest(session, descriptor, signal)
    },

    openBlob: (descriptor, { start, signal } = {}) => Promise.resolve(downloadBlob(session, descriptor, { start, signal })),

    [Symbol.asyncDispose]: () => Promise.resolve(session[Symbol.dispose]()),
  }
}
