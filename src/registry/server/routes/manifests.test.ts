import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaType, type Descriptor } from '../../../oci/mod.ts'
import { digestOfBytes, testRegistry, type TestRegistry } from '../testing.ts'

const CONFIG = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
const LAYER = 'a layer'

function descriptor(mediaType: string, bytes: string): Descriptor {
  return { mediaType, digest: digestOfBytes(bytes), size: bytes.length }
}

const image = {
  schemaVersion: 2,
  mediaType: MediaType.ociManifest,
  config: descriptor(MediaType.ociConfig, CONFIG),
  layers: [descriptor(MediaType.ociLayerGzip, LAYER)],
}

async function withBlobs(overrides?: Parameters<typeof testRegistry>[0]): Promise<TestRegistry> {
  const registry = await testRegistry(overrides)
  await registry.pushBlob('a', CONFIG)
  await registry.pushBlob('a', LAYER)
  return registry
}

test('a manifest comes back as the bytes it was, by tag and digest', async () => {
  await using registry = await withBlobs()
  const body = JSON.stringify(image, undefined, 3)
  const digest = digestOfBytes(body)
  const put = await registry.send('PUT', '/v2/a/manifests/v1', {
    body,
    headers: { 'content-type': `${MediaType.ociManifest}; charset=utf-8` },
  })
  assert.deepEqual([put.status, put.headers['location'], put.headers['docker-content-digest']], [201, `/v2/a/manifests/${digest}`, digest])
  for (const reference of ['v1', digest]) {
    for (const accept of ['*/*', MediaType.dockerManifest]) {
      const get = await registry.send('GET', `/v2/a/manifests/${reference}`, { headers: { accept } })
      assert.deepEqual([get.status, get.text, get.headers['content-type']], [200, body, MediaType.ociManifest])
      assert.equal(get.headers['docker-content-digest'], digest)
    }
    const head = await registry.send('HEAD', `/v2/a/manifests/${reference}`)
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(body.length)])
    assert.equal((await registry.send('GET', `/v2/a/manifests/${reference}`, { headers: { 'if-none-match': `"${digest}"` } })).status, 304)
  }
  assert.equal((await registry.send('GET', `/v2/b/manifests/${digest}`)).status, 404)
})

for (const [what, change] of [
  ['docker', { mediaType: MediaType.dockerManifest }],
  ['without mediaType', { mediaType: undefined }],
  ['no layers', { layers: [] }],
  ['an artifact', { artifactType: 'application/x', config: descriptor(MediaType.ociEmpty, '{}') }],
  ['custom fields', { custom: { deep: [1, 2, 3] }, annotations: { a: '<script>' } }],
  ['a layer elsewhere', { layers: [{ ...descriptor(MediaType.dockerForeignLayer, 'x'), urls: ['https://example.com/x'] }] }],
  ['a non-distributable layer', { layers: [descriptor('application/vnd.oci.image.layer.nondistributable.v1.tar', 'x')] }],
  ['an unknown subject', { subject: descriptor(MediaType.ociManifest, 'nobody') }],
] as const) {
  test(`taken: ${what}`, async () => {
    await using registry = await withBlobs()
    await registry.pushBlob('a', '{}')
    await registry.pushManifest('a', { ...image, ...change }, 'x')
  })
}

for (const [what, body, headers, status, code] of [
  ['not JSON', 'hello', {}, 400, 'MANIFEST_INVALID'],
  ['nothing', '', {}, 400, 'MANIFEST_INVALID'],
  ['an array', '[]', {}, 400, 'MANIFEST_INVALID'],
  ['a byte order mark', `\uFEFF${JSON.stringify(image)}`, {}, 400, 'MANIFEST_INVALID'],
  ['trailing bytes', `${JSON.stringify(image)}x`, {}, 400, 'MANIFEST_INVALID'],
  ['depth 10,000', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, {}, 400, 'MANIFEST_INVALID'],
  ['a key twice', JSON.stringify(image).replace('{', '{"schemaVersion":2,'), {}, 400, 'MANIFEST_INVALID'],
  ['manifest and index at once', JSON.stringify({ ...image, manifests: [] }), {}, 400, 'MANIFEST_INVALID'],
  [
    'an index that says it is a manifest',
    JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociManifest, manifests: [] }),
    {},
    400,
    'MANIFEST_INVALID',
  ],
  ['another Content-Type', JSON.stringify(image), { 'content-type': MediaType.ociIndex }, 400, 'MANIFEST_INVALID'],
  [
    'schema 1',
    JSON.stringify({ schemaVersion: 1, fsLayers: [] }),
    { 'content-type': MediaType.dockerSchema1Signed },
    415,
    'MANIFEST_INVALID',
  ],
  ['an unknown type', JSON.stringify({ ...image, mediaType: 'text/x' }), {}, 415, 'MANIFEST_INVALID'],
  ['size -1', JSON.stringify({ ...image, layers: [{ ...image.layers[0], size: -1 }] }), {}, 400, 'MANIFEST_INVALID'],
  ['a float as size', JSON.stringify({ ...image, layers: [{ ...image.layers[0], size: 1.5 }] }), {}, 400, 'MANIFEST_INVALID'],
  ['size 2^53', JSON.stringify({ ...image, layers: [{ ...image.layers[0], size: 2 ** 53 }] }), {}, 400, 'MANIFEST_INVALID'],
  ['another size than the blob has', JSON.stringify({ ...image, layers: [{ ...image.layers[0], size: 3 }] }), {}, 400, 'MANIFEST_INVALID'],
  [
    'a digest with a path',
    JSON.stringify({ ...image, layers: [{ ...image.layers[0], digest: 'sha256:../../x' }] }),
    {},
    400,
    'MANIFEST_INVALID',
  ],
  ['compressed', JSON.stringify(image), { 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED'],
  ['announced too large', JSON.stringify(image), {}, 413, 'SIZE_INVALID'],
] as const) {
  test(`refused: ${what}`, async () => {
    await using registry = await withBlobs(code === 'SIZE_INVALID' ? { limits: { manifest: 100, blob: 1000 } } : {})
    const reply = await registry.send('PUT', '/v2/a/manifests/v1', { body, headers })
    assert.deepEqual([reply.status, reply.codes], [status, [code]])
    assert.equal((await registry.send('GET', '/v2/a/manifests/v1')).status, 404)
  })
}

test('a manifest that grows beyond the limit while it comes is refused', async () => {
  await using registry = await withBlobs({ limits: { manifest: 1000, blob: 1000 } })
  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (; ; given++) yield Buffer.alloc(100)
  }
  const reply = await registry.send('PUT', '/v2/a/manifests/v1', { body: endless() })
  assert.deepEqual([reply.status, reply.codes, given <= 11], [413, ['SIZE_INVALID'], true])
})

test('the default limit takes 4 MB of annotations and refuses more than 8 MiB', async () => {
  await using registry = await withBlobs()
  await registry.pushManifest('a', { ...image, annotations: { a: 'x'.repeat(4_000_000) } }, 'large')
  const reply = await registry.send('PUT', '/v2/a/manifests/v1', {
    body: JSON.stringify({ ...image, annotations: { a: 'x'.repeat(8 << 20) } }),
  })
  assert.equal(reply.status, 413)
})

test('every missing blob is named, and nothing is changed', async () => {
  await using registry = await withBlobs()
  const missing = [descriptor(MediaType.ociLayerGzip, 'one'), descriptor(MediaType.ociLayerGzip, 'two')]
  const reply = await registry.send('PUT', '/v2/a/manifests/v1', {
    body: JSON.stringify({ ...image, layers: [...image.layers, ...missing, missing[0]] }),
  })
  assert.deepEqual([reply.status, reply.codes], [400, ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']])
  for (const { digest } of missing) assert.ok(reply.text.includes(digest))
  assert.equal((await registry.send('GET', '/v2/a/manifests/v1')).status, 404)
  // Blobs of another repository do not count.
  assert.equal((await registry.send('PUT', '/v2/b/manifests/v1', { body: JSON.stringify(image) })).status, 400)
})

test('an index needs its children, also nested; a sparse registry does not', async () => {
  const child = JSON.stringify(image)
  const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [descriptor(MediaType.ociManifest, child)] }
  await using registry = await withBlobs()
  const reply = await registry.send('PUT', '/v2/a/manifests/v1', { body: JSON.stringify(index) })
  assert.deepEqual([reply.status, reply.codes], [400, ['MANIFEST_BLOB_UNKNOWN']])
  await registry.pushManifest('a', image)
  await registry.pushManifest('a', index, 'v1')
  await registry.pushManifest('a', { ...index, manifests: [descriptor(MediaType.ociIndex, JSON.stringify(index))] }, 'nested')
  await using sparse = await testRegistry({ sparse: 'all' })
  await sparse.pushManifest('a', index, 'v1')
})

test('by digest: it must be the right one; sha512 too; tags come along', async () => {
  await using registry = await withBlobs()
  const body = JSON.stringify(image)
  const wrong = await registry.send('PUT', `/v2/a/manifests/${digestOfBytes('x')}`, { body })
  assert.deepEqual([wrong.status, wrong.codes], [400, ['DIGEST_INVALID']])
  const digest = digestOfBytes(body, 'sha512')
  const put = await registry.send('PUT', `/v2/a/manifests/${digest}?tag=one&tag=two&tag=one`, { body })
  assert.deepEqual([put.status, put.headers['docker-content-digest'], put.headers['oci-tag']], [201, digest, ['one', 'two']])
  const get = await registry.send('GET', '/v2/a/manifests/two')
  assert.deepEqual([get.text, get.headers['docker-content-digest']], [body, digest])
  for (const [query, reference, status] of [
    ['?tag=.x', digest, 400],
    ['?tag=one', 'two', 400],
    [`?${Array.from({ length: 101 }, (_, i) => `tag=t${i}`).join('&')}`, digest, 414],
  ] as const) {
    assert.equal((await registry.send('PUT', `/v2/a/manifests/${reference}${query}`, { body })).status, status)
  }
})

test('deleting a tag leaves the rest; deleting a digest takes every tag', async () => {
  await using registry = await withBlobs()
  const digest = await registry.pushManifest('a', image, '0.1.2')
  await registry.pushManifest('a', image, '0.1.20')
  assert.equal((await registry.send('DELETE', '/v2/a/manifests/0.1.2')).status, 202)
  assert.equal((await registry.send('DELETE', '/v2/a/manifests/0.1.2')).status, 404)
  assert.equal((await registry.send('GET', '/v2/a/manifests/0.1.20')).status, 200)
  assert.equal((await registry.send('DELETE', `/v2/a/manifests/${digest}`)).status, 202)
  for (const reference of ['0.1.20', digest]) {
    const reply = await registry.send('HEAD', `/v2/a/manifests/${reference}`)
    assert.deepEqual([reply.status, reply.codes], [404, ['MANIFEST_UNKNOWN']])
  }
  assert.equal((await registry.send('DELETE', `/v2/a/manifests/${digest}`)).status, 404)
  assert.equal(registry.store.roots.list('registry').includes(digest), false)
})

test('a tag moves; pushing again changes nothing', async () => {
  await using registry = await withBlobs()
  await registry.pushManifest('a', image, 'latest')
  const other = await registry.pushManifest('a', { ...image, layers: [] }, 'latest')
  await registry.pushManifest('a', { ...image, layers: [] }, 'latest')
  assert.equal((await registry.send('HEAD', '/v2/a/manifests/latest')).headers['docker-content-digest'], other)
})
