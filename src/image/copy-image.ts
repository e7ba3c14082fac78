import { limit } from '../kit/mod.ts'
import {
  isImageConfigType,
  isNonDistributable,
  parseImageConfig,
  parseManifestDocument,
  selectPlatform,
  type Descriptor,
  type Digest,
  type DiffId,
  type Manifest,
  type Platform,
} from '../oci/mod.ts'
import { readAll, verify } from '../stream/mod.ts'
import { ImageError } from './image-error.ts'
import type { BlobRole, ImageSink } from './image-sink.ts'
import type { ImageSource } from './image-source.ts'

const CONFIG_LIMIT = 8 << 20
const DEPTH_LIMIT = 8

/** One line of progress; `done` and `size` are bytes. The last event of a blob is `exists` or `done`. */
export interface TransferEvent {
  readonly digest: Digest
  readonly role: 'config' | 'layer' | 'manifest'
  readonly state: 'waiting' | 'active' | 'exists' | 'done'
  readonly done: number
  readonly size: number
}

export interface CopyOptions {
  /** Copy only the child of an image index that fits; undefined copies everything that the root names. */
  readonly platform?: Platform | undefined
  readonly onEvent?: ((event: TransferEvent) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CopyResult {
  /** What `finish` named: the root, or the platform's child. */
  readonly root: Descriptor
  /** Bytes of blobs that were really moved. */
  readonly moved: number
}

/**
 * Copies what the source names into the sink, bytes unchanged: blobs, then their manifest, children before their index, the name last.
 * A manifest that the sink has is not looked into. The first failure aborts everything else.
 */
export async function copyImage(source: ImageSource, sink: ImageSink, options: CopyOptions = {}): Promise<CopyResult> {
  const abort = new AbortController()
  const signal = options.signal === undefined ? abort.signal : AbortSignal.any([options.signal, abort.signal])
  const copy = new Copy(source, sink, { ...options, signal })
  try {
    const root = await copy.root()
    await copy.manifest(root, 0)
    await sink.finish(root, { signal })
    return { root, moved: copy.moved }
  } catch (error) {
    abort.abort(error)
    await copy.settled()
    options.signal?.throwIfAborted()
    throw error
  }
}

class Copy {
  readonly #source: ImageSource
  readonly #sink: ImageSink
  readonly #options: CopyOptions & { readonly signal: AbortSignal }
  readonly #slot: ReturnType<typeof limit>
  /** Each blob once, however many manifests name it. */
  readonly #blobs = new Map<Digest, Promise<void>>()
  moved = 0

  constructor(source: ImageSource, sink: ImageSink, options: CopyOptions & { readonly signal: AbortSignal }) {
    this.#source = source
    this.#sink = sink
    this.#options = options
    this.#slot = limit(sink.concurrency)
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#blobs.values())
  }

  async root(): Promise<Descriptor> {
    const { platform, signal } = this.#options
    const named = await this.#source.resolve({ signal })
    if (platform === undefined) return named
    const document = parseManifestDocument(await this.#source.readManifest(named, { signal }), named.mediaType)
    return document.kind === 'index' ? selectPlatform(document.manifests, platform) : named
  }

  async manifest(descriptor: Descriptor, depth: number): Promise<void> {
    const { signal } = this.#options
    if (depth > DEPTH_LIMIT)
      throw new ImageError('IMAGE_INVALID', `${this.#source.name} has image indexes inside each other, more than ${DEPTH_LIMIT} deep`)
    if (await this.#sink.hasManifest(descriptor, { signal })) return this.#existing(descriptor)
    const bytes = await this.#source.readManifest(descriptor, { signal })
    const document = parseManifestDocument(bytes, descriptor.mediaType)
    if (document.kind === 'index') {
      for (const child of document.manifests) await this.manifest(child, depth + 1)
    } else {
      await this.#contents(document)
    }
    await this.#sink.putManifest(descriptor, bytes, { signal })
  }

  async #contents(manifest: Manifest): Promise<void> {
    const diffIds = await this.#config(manifest)
    await Promise.all(
      manifest.layers.map(async (layer, i) => {
        // SPEC: image-spec layer.md, "Non-Distributable Layers": they come from their URLs, if at all.
        if (isNonDistributable(layer.mediaType) && (layer.urls?.length ?? 0) > 0) return
        await this.#blob(layer, { kind: 'layer', diffId: diffIds[i], below: diffIds.slice(0, i) })
      }),
    )
  }

  /** Copies the config; gives the diffIDs of an image, nothing of another artifact. */
  async #config(manifest: Manifest): Promise<readonly DiffId[]> {
    const { config } = manifest
    const { signal } = this.#options
    if (!isImageConfigType(config.mediaType)) {
      await this.#blob(config, { kind: 'config' })
      return []
    }
    if (config.size > CONFIG_LIMIT)
      throw new ImageError('IMAGE_INVALID', `The image config ${config.digest} has ${config.size} bytes, more than ${CONFIG_LIMIT}`)
    const bytes = await readAll(verify(await this.#source.openBlob(config, { signal }), config), CONFIG_LIMIT)
    const { rootfs } = parseImageConfig(bytes)
    if (rootfs.diff_ids.length !== manifest.layers.length) {
      throw new ImageError(
        'IMAGE_INVALID',
        `${this.#source.name}: the manifest has ${manifest.layers.length} layers, its image config ${rootfs.diff_ids.length}`,
      )
    }
    await this.#blob(config, { kind: 'config' }, bytes)
    return rootfs.diff_ids
  }

  #blob(descriptor: Descriptor, role: BlobRole, bytes?: Uint8Array): Promise<void> {
    let moving = this.#blobs.get(descriptor.digest)
    if (moving === undefined) {
      moving = this.#slot(() => this.#move(descriptor, role, bytes))
      moving.catch(() => {})
      this.#blobs.set(descriptor.digest, moving)
    }
    return moving
  }

  async #move(descriptor: Descriptor, role: BlobRole, bytes: Uint8Array | undefined): Promise<void> {
    const { signal } = this.#options
    signal.throwIfAborted()
    const event = (state: TransferEvent['state'], done: number): void =>
      this.#options.onEvent?.({ digest: descriptor.digest, role: role.kind, state, done, size: descriptor.size })
    if (await this.#sink.hasBlob(descriptor, role, { signal })) return event('exists', descriptor.size)
    event('active', 0)
    const open = async (start: number): Promise<AsyncIterable<Uint8Array>> =>
      bytes === undefined ? this.#source.openBlob(descriptor, { signal, start }) : once(bytes.subarray(start))
    await this.#sink.putBlob(descriptor, role, open, {
      signal,
      onBytes: (done) => event('active', done),
      onWait: () => event('waiting', 0),
    })
    this.moved += descriptor.size
    event('done', descriptor.size)
  }

  #existing(descriptor: Descriptor): void {
    this.#options.onEvent?.({ digest: descriptor.digest, role: 'manifest', state: 'exists', done: descriptor.size, size: descriptor.size })
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
