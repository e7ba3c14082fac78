import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf } from '../kit/mod.ts'
import { MediaType, parseDescriptor, parseManifestDocument } from './mod.ts'

const D = `sha256:${'a'.repeat(64)}`
const config = { mediaType: MediaType.ociConfig, digest: D, size: 2 }
const layer = { mediaType: MediaType.ociLayerGzip, digest: D, size: 100 }
const manifest = { schemaVersion: 2, mediaType: MediaType.ociManifest, config, layers: [layer] }
const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [{ ...layer, mediaType: MediaType.ociManifest }] }

function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document))
}

function outcome(document: unknown, contentType?: string): string | undefined {
  try {
    return parseManifestDocument(document instanceof Uint8Array ? document : bytesOf(document), contentType).kind
  } catch (error) {
    return codeOf(error)
  }
}

const deep = `{"schemaVersion":2,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
const schema1 = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [] }

for (const [name, document, wanted, contentType] of [
  ['an OCI manifest', manifest, 'manifest'],
  ['an OCI manifest, same Content-Type with parameters', manifest, 'manifest', `${MediaType.ociManifest}; charset=utf-8`],
  ['a manifest served as JSON', manifest, 'manifest', 'application/json'],
  ['a manifest that does not say its type', { ...manifest, mediaType: undefined }, 'manifest'],
  ['an index that does not say its type', { ...index, mediaType: undefined }, 'index'],
  ['a Docker manifest', { ...manifest, mediaType: MediaType.dockerManifest }, 'manifest', MediaType.dockerManifest],
  ['a Docker manifest list', { ...index, mediaType: MediaType.dockerIndex }, 'index', MediaType.dockerIndex],
  ['no layers', { ...manifest, layers: [] }, 'manifest'],
  ['null layers', { ...manifest, layers: null }, 'manifest'],
  ['a subject, annotations, unknown members', { ...manifest, subject: layer, annotations: { a: 'b' }, custom: { x: [1] } }, 'manifest'],
  ['an index that claims to be a manifest', { ...index, mediaType: MediaType.ociManifest }, 'MANIFEST_INVALID'],
  ['a manifest that claims to be an index', { ...manifest, mediaType: MediaType.ociIndex }, 'MANIFEST_INVALID'],
  ['a Content-Type that is not the mediaType', manifest, 'MANIFEST_INVALID', MediaType.dockerManifest],
  ['both manifests and layers', { ...manifest, manifests: [] }, 'MANIFEST_INVALID'],
  ['both manifests and config', { ...index, config }, 'MANIFEST_INVALID'],
  ['schema 1', schema1, 'MANIFEST_UNSUPPORTED'],
  ['schema 1 by its type', { ...manifest, mediaType: MediaType.dockerSchema1Signed }, 'MANIFEST_UNSUPPORTED'],
  ['another type', { ...manifest, mediaType: 'application/vnd.example' }, 'MANIFEST_UNSUPPORTED'],
  ['another schema version', { ...manifest, schemaVersion: 3 }, 'MANIFEST_INVALID'],
  ['schema version as a string', { ...manifest, schemaVersion: '2' }, 'MANIFEST_INVALID'],
  ['no schema version', { ...manifest, schemaVersion: undefined }, 'MANIFEST_INVALID'],
  ['no config', { ...manifest, config: undefined }, 'MANIFEST_INVALID'],
  ['an index without manifests', { schemaVersion: 2, mediaType: MediaType.ociIndex }, 'MANIFEST_INVALID'],
  ['layers that are no array', { ...manifest, layers: {} }, 'MANIFEST_INVALID'],
  ['a size of -1', { ...manifest, layers: [{ ...layer, size: -1 }] }, 'MANIFEST_INVALID'],
  ['a size of 1.5', { ...manifest, layers: [{ ...layer, size: 1.5 }] }, 'MANIFEST_INVALID'],
  ['a size of 2^53', { ...manifest, layers: [{ ...layer, size: 2 ** 53 }] }, 'MANIFEST_INVALID'],
  ['a size that is a string', { ...manifest, layers: [{ ...layer, size: '1' }] }, 'MANIFEST_INVALID'],
  ['a bad digest', { ...manifest, layers: [{ ...layer, digest: 'sha256:../x' }] }, 'MANIFEST_INVALID'],
  ['annotations that are not strings', { ...manifest, annotations: { a: 1 } }, 'MANIFEST_INVALID'],
  ['duplicate keys', JSON.stringify(manifest).replace('{', '{"schemaVersion":2,'), 'MANIFEST_INVALID'],
  ['duplicate keys, one escaped', JSON.stringify(manifest).replace('{', '{"schema\\u0056ersion":2,'), 'MANIFEST_INVALID'],
  ['duplicate keys deep inside', JSON.stringify(manifest).replace('"size":100', '"size":100,"size":1'), 'MANIFEST_INVALID'],
  ['same key in sister objects, quotes and brackets in strings', { ...manifest, annotations: { a: '{"a":[', 'b"\\': '\\"' } }, 'manifest'],
  ['depth 10,000', deep, 'MANIFEST_INVALID'],
  ['an array', '[]', 'MANIFEST_INVALID'],
  ['a string', '"x"', 'MANIFEST_INVALID'],
  ['HTML', '<html>Bad gateway</html>', 'MANIFEST_INVALID'],
  ['nothing', '', 'MANIFEST_INVALID'],
  ['trailing bytes', `${JSON.stringify(manifest)}x`, 'MANIFEST_INVALID'],
  ['a byte order mark', `\ufeff${JSON.stringify(manifest)}`, 'MANIFEST_INVALID'],
  ['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'MANIFEST_INVALID'],
] as readonly (readonly [string, unknown, string, string?])[]) {
  test(`parseManifestDocument(): ${name}`, () => assert.equal(outcome(document, contentType), wanted))
}

test('parseManifestDocument(): gives every member', () => {
  const document = { ...manifest, artifactType: 'a/b', subject: layer, annotations: { a: 'b' }, custom: 1 }
  assert.deepEqual(parseManifestDocument(bytesOf(document)), {
    kind: 'manifest',
    mediaType: MediaType.ociManifest,
    artifactType: 'a/b',
    config,
    layers: [layer],
    subject: layer,
    annotations: { a: 'b' },
  })
})

test('parseDescriptor(): keeps known members', () => {
  const full = {
    ...layer,
    annotations: { a: 'b' },
    artifactType: 'x/y',
    data: 'e30=',
    urls: ['https://x.y/z'],
    platform: { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', 'os.features': ['f'] },
  }
  assert.deepEqual(parseDescriptor({ ...full, other: 1 }, 'x'), full)
})
