import { CodedError, closest } from '../kit/mod.ts'
import { familiarReference, parseReference, repositoryOf, type Digest, type ImageConfig, type Platform } from '../oci/mod.ts'
import type { ImageRecord, Store } from '../store/mod.ts'

export class ImageCommandError extends CodedError<'IMAGE_UNKNOWN' | 'OPTION_INVALID' | 'INPUT_INVALID' | 'TERMINAL'> {}

/** One line of `images`: a tag, or an image that has none. */
export interface ImageSummary {
  readonly id: Digest
  /** As people write it, without the tag. */
  readonly repository: string | undefined
  readonly tag: string | undefined
  /** Of the manifest, when a registry has confirmed it for this repository. */
  readonly digest: Digest | undefined
  /** Milliseconds since 1970. */
  readonly created: number | undefined
  /** Bytes of the files in all layers; of the compressed blobs where a layer is not unpacked. */
  readonly size: number
}

/** Newest first, as docker. */
export async function describeImages(store: Store): Promise<ImageSummary[]> {
  const summaries: ImageSummary[] = []
  const described = new Map<Digest, { created: number | undefined; size: number }>()
  const describe = async (record: ImageRecord): Promise<{ created: number | undefined; size: number }> => {
    const known = described.get(record.id)
    if (known !== undefined) return known
    const { config } = await store.images.read(record)
    const facts = { created: createdAt(config), size: (await layerSizes(store, record)).reduce((sum, size) => sum + size, 0) }
    described.set(record.id, facts)
    return facts
  }
  for (const tag of store.tags.list()) {
    const record = store.images.find(tag.target.digest) ?? (await store.images.lookup(tag.name))
    if (record === undefined) continue
    const reference = parseReference(tag.name)
    const confirmed = store.tags.confirmed(repositoryOf(reference)).includes(tag.target.digest)
    summaries.push({
      id: record.id,
      repository: familiarReference({ host: reference.host, path: reference.path }),
      tag: reference.tag,
      digest: confirmed ? tag.target.digest : undefined,
      ...(await describe(record)),
    })
  }
  const named = new Set(summaries.map((summary) => summary.id))
  for (const record of store.images.list()) {
    if (named.has(record.id)) continue
    summaries.push({ id: record.id, repository: undefined, tag: undefined, digest: undefined, ...(await describe(record)) })
  }
  return summaries.sort((a, b) => (b.created ?? 0) - (a.created ?? 0))
}

/** Bytes of each layer of the image, bottom first. */
export async function layerSizes(store: Store, record: ImageRecord): Promise<number[]> {
  const { manifest, config } = await store.images.read(record)
  return config.rootfs.diff_ids.map((diffId, i) => store.layers.find(diffId)?.size ?? manifest.layers[i]?.size ?? 0)
}

export function createdAt(config: ImageConfig): number | undefined {
  const time = Date.parse(config.created ?? '')
  return Number.isNaN(time) ? undefined : time
}

/** The image that a user means by a name or an ID. @throws ImageCommandError IMAGE_UNKNOWN, with the name that they may have meant */
export async function findImage(store: Store, text: string, platform?: Platform): Promise<ImageRecord> {
  const record = await store.images.lookup(text, platform)
  if (record !== undefined) return record
  const names = store.tags.list().map((tag) => familiarReference(parseReference(tag.name)))
  const meant = closest(text, names)
  const hint = meant === undefined ? "'lamina images' lists the images that are here" : `Did you mean ${meant}?`
  throw new ImageCommandError('IMAGE_UNKNOWN', `No such image here: ${text}`, { hint })
}

/** All names that point at the image, as people write them. */
export async function namesOf(store: Store, record: ImageRecord): Promise<{ readonly tags: string[]; readonly digests: string[] }> {
  const tags: string[] = []
  const digests = new Set<string>()
  for (const tag of store.tags.list()) {
    const target = store.images.find(tag.target.digest) ?? (await store.images.lookup(tag.name))
    if (target?.id !== record.id) continue
    const reference = parseReference(tag.name)
    const repository = { host: reference.host, path: reference.path }
    tags.push(familiarReference(reference))
    if (store.tags.confirmed(repositoryOf(reference)).includes(tag.target.digest))
      digests.add(`${familiarReference(repository)}@${tag.target.digest}`)
  }
  return { tags, digests: [...digests] }
}
