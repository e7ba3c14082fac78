import { randomBytes } from 'node:crypto'
import { TAR_TRAILER, tarHeader, tarPadding } from '../archive/mod.ts'
import { MediaType, type Descriptor, type Digest } from '../oci/mod.ts'
import { digestBytes } from '../stream/mod.ts'
import { ImageError } from './image-error.ts'
import type { ImageSource } from './image-source.ts'
import { descriptorOf } from './layout.ts'

/** An image in memory with random layers, for tests. */
export function randomImage(
  options: { readonly layers?: number; readonly layerSize?: number } = {},
): ImageSource & { readonly layers: readonly Descriptor[] } {
  const blobs = new Map<Digest, Uint8Array>()
  const layers = Array.from({ length: options.layers ?? 2 }, (_, i) => {
    const payload = randomBytes(options.layerSize ?? 5000)
    const file = { path: `file-${i}`, type: 'file', size: payload.length } as const
    const tar = Buffer.concat([tarHeader(file), payload, tarPadding(payload.length), TAR_TRAILER])
    const descriptor = descriptorOf(MediaType.ociLayer, tar)
    blobs.set(descriptor.digest, tar)
    return descriptor
  })
  const configBytes = new TextEncoder().encode(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  )
  const config = descriptorOf(MediaType.ociConfig, configBytes)
  blobs.set(config.digest, configBytes)
  // Spaces and order that no serialiser would give: whoever re-serialises is caught.
  const manifestBytes = new TextEncoder().encode(
    `{ "layers": ${JSON.stringify(layers)},\n "config": ${JSON.stringify(config)}, "mediaType": "${MediaType.ociManifest}", "schemaVersion": 2 }`,
  )
  const manifest = descriptorOf(MediaType.ociManifest, manifestBytes)
  return {
    name: `random image ${digestBytes(manifestBytes).slice(7, 19)}`,
    layers,
    resolve: async () => manifest,
    readManifest: async () => manifestBytes,
    async openBlob({ digest }, { start = 0 } = {}) {
      const bytes = blobs.get(digest)
      if (bytes === undefined) throw new ImageError('IMAGE_UNKNOWN', `No blob ${digest}`)
      return pieces(bytes.subarray(start))
    },
    async [Symbol.asyncDispose]() {},
  }
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1500) yield bytes.subarray(at, at + 1500)
}
