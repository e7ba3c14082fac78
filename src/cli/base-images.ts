import { familiarReference, formatReference } from '../oci/mod.ts'
import type { BuildTools } from '../build/mod.ts'
import type { RegistryOptions } from '../registry/client/mod.ts'
import type { ImageRecord, Store } from '../store/mod.ts'
import type { Context } from './context.ts'
import { ImageCommandError } from './images.ts'

/** Base images for the builder: from the store, else pulled. */
export function baseImages(context: Context, store: Store, registry: RegistryOptions): Pick<BuildTools, 'resolveImage'> {
  return {
    async resolveImage(reference, { platform, pull, onText }): Promise<ImageRecord> {
      const name = formatReference(reference)
      const here = await store.images.lookup(name, platform)
      if (here !== undefined && !pull) return here
      onText(`pulling ${familiarReference(reference)}`)
      // The network is loaded only when it is needed: a build of what is here starts sooner.
      const { pullImage } = await import('./pull-image.ts')
      await using lease = await store.lease('pull')
      await pullImage(context, store, { reference, platform, registry, lease })
      const pulled = await store.images.lookup(name, platform)
      if (pulled === undefined)
        throw new ImageCommandError('IMAGE_UNKNOWN', `${familiarReference(reference)} is no image that can be built on`)
      return pulled
    },
  }
}
