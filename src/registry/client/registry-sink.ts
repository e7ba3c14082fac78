import type { ImageSink } from '../../image/mod.ts'
import { familiarReference, type Descriptor, type Digest, type Reference } from '../../oci/mod.ts'
import { hasBlob, uploadBlob } from './blob-upload.ts'
import { headManifest, putManifest, readManifest } from './manifests.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryError } from './registry-error.ts'
import { openRepository } from './repository-session.ts'

/**
 * An image in a registry, to write. Manifests go up under their digests; `finish` then puts the root under the tag,
 * so nobody sees a half of it. @throws RegistryError, from every method
 */
export function registrySink(reference: Reference, options: RegistryOptions = {}): ImageSink {
  const session = openRepository(reference, 'pull,push', options)
  const sent = new Map<Digest, Uint8Array>()
  return {
    name: familiarReference(reference),
    concurrency: 5,

    hasBlob: (descriptor, _role, { signal } = {}) => hasBlob(session, descriptor, signal),

    putBlob: (descriptor, _role, open, write = {}) => uploadBlob(session, descriptor, open, write),

    async hasManifest(descriptor, { signal } = {}): Promise<boolean> {
      // A registry takes no manifest before what it names, so that what has the manifest has all of it.
      const there = await headManifest(session, descriptor.digest, signal)
      return there?.digest === descriptor.digest && there.size === descriptor.size
    },

    async putManifest(descriptor, bytes, { signal } = {}): Promise<void> {
      await putManifest(session, descriptor.digest, { descriptor, bytes }, signal)
      sent.set(descriptor.digest, bytes)
    },

    async finish(root, { signal } = {}): Promise<void> {
      if (reference.digest !== undefined && reference.digest !== root.digest) {
        throw new RegistryError('DIGEST_MISMATCH', `Cannot push ${root.digest} as ${familiarReference(reference)}`, {
          hint: 'Push to a tag.',
        })
      }
      if (reference.tag === undefined) return
      const bytes = sent.get(root.digest)
      if (bytes === undefined && (await tagNames(root, reference.tag, signal))) return
      await putManifest(session, reference.tag, { descriptor: root, bytes: bytes ?? (await readManifest(session, root, signal)) }, signal)
    },

    [Symbol.asyncDispose]: () => Promise.resolve(session[Symbol.dispose]()),
  }

  async function tagNames(root: Descriptor, tag: string, signal: AbortSignal | undefined): Promise<boolean> {
    return (await headManifest(session, tag, signal))?.digest === root.digest
  }
}
