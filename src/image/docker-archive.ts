import { MediaType, parseImageConfig, type Descriptor, type Digest } from '../oci/mod.ts'
import { digestStream, sniffCompression } from '../stream/mod.ts'
import { readFileOf, type Files } from './files.ts'
import { ImageError } from './image-error.ts'
import type { ImageSource } from './image-source.ts'
import { descriptorOf, JSON_LIMIT } from './layout.ts'

/** One entry of `docker save`'s manifest.json. */
export interface DockerArchiveEntry {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

/** The entries, or undefined where there is no manifest.json. */
export async function dockerEntries(files: Files): Promise<readonly DockerArchiveEntry[] | undefined> {
  const bytes = await readFileOf(files, 'manifest.json', JSON_LIMIT)
  if (bytes === undefined) return undefined
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new ImageError('ARCHIVE_INVALID', `${files.name}: manifest.json is not JSON`, { cause })
  }
  if (!Array.isArray(json)) throw new ImageError('ARCHIVE_INVALID', `${files.name}: manifest.json is no list of images`)
  return json.map((entry: { Config?: unknown; RepoTags?: unknown; Layers?: unknown }) => {
    const isText = (list: unknown): list is string[] => Array.isArray(list) && list.every((item) => typeof item === 'string')
    if (typeof entry?.Config !== 'string' || !isText(entry.Layers))
      throw new ImageError('ARCHIVE_INVALID', `${files.name}: an entry of manifest.json lacks Config or Layers`)
    return { config: entry.Config, names: isText(entry.RepoTags) ? entry.RepoTags : [], layers: entry.Layers }
  })
}

/** An image of `docker save` without an OCI layout: its manifest is made here; the config's bytes, and so the image ID, are as they are. */
export async function dockerArchiveSource(files: Files, entry: DockerArchiveEntry, name: string): Promise<ImageSource> {
  const configBytes = await readFileOf(files, entry.config, JSON_LIMIT)
  if (configBytes === undefined)
    throw new ImageError('ARCHIVE_INVALID', `${files.name} lacks the image config ${entry.config} that its manifest.json names`)
  const { rootfs } = parseImageConfig(configBytes)
  if (rootfs.diff_ids.length !== entry.layers.length) {
    throw new ImageError(
      'ARCHIVE_INVALID',
      `${files.name}: manifest.json names ${entry.layers.length} layers, the image config ${rootfs.diff_ids.length}`,
    )
  }
  const paths = new Map<Digest, string>()
  const layers: Descriptor[] = []
  for (const [i, path] of entry.layers.entries()) {
    const layer = await layerDescriptor(files, path, rootfs.diff_ids[i] as Digest)
    paths.set(layer.digest, path)
    layers.push(layer)
  }
  const config = descriptorOf(MediaType.dockerConfig, configBytes)
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.dockerManifest, config, layers }))
  const root = descriptorOf(MediaType.dockerManifest, bytes)
  return {
    name,
    resolve: async () => root,
    readManifest: async () => bytes,
    async openBlob(descriptor, options = {}) {
      if (descriptor.digest === config.digest) return once(configBytes.subarray(options.start ?? 0))
      return files.open(paths.get(descriptor.digest) ?? descriptor.digest, options)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** Without compression a layer's digest is its diffID, so nothing need be read for it. */
async function layerDescriptor(files: Files, path: string, diffId: Digest): Promise<Descriptor> {
  const found = await files.find(path)
  if (found === undefined) throw new ImageError('ARCHIVE_INVALID', `${files.name} lacks the layer ${path} that its manifest.json names`)
  const compression = sniffCompression(await head(files, path))
  if (compression === 'none') return { mediaType: MediaType.dockerLayer, digest: diffId, size: found.size }
  const { digest } = await digestStream(await files.open(path))
  return { mediaType: compression === 'gzip' ? MediaType.dockerLayerGzip : MediaType.ociLayerZstd, digest, size: found.size }
}

async function head(files: Files, path: string): Promise<Uint8Array> {
  for await (const piece of await files.open(path)) return piece.subarray(0, 4)
  return new Uint8Array(0)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
