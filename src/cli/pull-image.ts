import { copyImage } from '../image/mod.ts'
import { familiarReference, repositoryOf, type Descriptor, type Platform, type Reference } from '../oci/mod.ts'
import { registrySource, type RegistryOptions } from '../registry/client/mod.ts'
import { storeSink, type Lease, type Store } from '../store/mod.ts'
import type { Context } from './context.ts'
import { PULLING, TransferProgress } from './output/transfer-progress.ts'

export interface PullRequest {
  readonly reference: Reference
  readonly platform: Platform
  readonly registry: RegistryOptions
  readonly lease: Lease
}

/** Fetches what is missing, unpacking while it downloads when we may, and tags it. Returns the descriptor of what the tag names. */
export async function pullImage(context: Context, store: Store, request: PullRequest): Promise<Descriptor> {
  const { reference, platform, registry, lease } = request
  using progress = new TransferProgress(context.stderr, PULLING)
  progress.print(`Pulling ${familiarReference(reference)}`)
  await using source = registrySource(reference, { ...registry, onRetry: (line) => progress.print(line) })
  // Without root nothing can be unpacked; a layer then waits until its files are needed.
  await using sink = storeSink(store, { reference, unpack: process.getuid?.() === 0, why: 'pull', lease })
  const { root } = await copyImage(source, sink, { platform, onEvent: progress.onEvent, signal: context.signal })
  store.tags.confirm(repositoryOf(reference), root.digest)
  return root
}
