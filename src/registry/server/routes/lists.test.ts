import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaType } from '../../../oci/mod.ts'
import { digestOfBytes, testRegistry } from '../testing.ts'

const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }

const config = (mediaType: string) => ({ mediaType, digest: digestOfBytes('{}'), size: 2 })
const size = (document: object): number => Buffer.byteLength(JSON.stringify(document))

test('tags in byte order, in pages', async () => {
  await using registry = await testRegistry()
  for (const tag of ['b', 'a', 'B', '0.1.20', '0.1.2', 'a-b', '_x']) await registry.pushManifest('r', index, tag)
  for (const [query, tags, next] of [
    ['', ['0.1.2', '0.1.20', 'B', '_x', 'a', 'a-b', 'b'], undefined],
    ['?n=2', ['0.1.2', '0.1.20'], '</v2/r/tags/list?n=2&last=0.1.20>; rel="next"'],
    ['?n=2&last=0.1.20', ['B', '_x'], '</v2/r/tags/list?n=2&last=_x>; rel="next"'],
    ['?n=3&last=_x', ['a', 'a-b', 'b'], undefined],
    ['?last=aa', ['b'], undefined],
    ['?last=a', ['a-b', 'b'], undefined],
    ['?last=zzz', [], undefined],
    ['?n=0', [], undefined],
    ['?n=100000000', ['0.1.2', '0.1.20', 'B', '_x', 'a', 'a-b', 'b'], undefined],
  ] as const) {
    const reply = await registry.send('GET', `/v2/r/tags/list${query}`)
    assert.deepEqual([reply.status, JSON.parse(reply.text), reply.headers['link']], [200, { name: 'r', tags }, next], query)
  }
  assert.deepEqual((await registry.send('GET', '/v2/r/tags/list?n=-1')).codes, ['PAGINATION_NUMBER_INVALID'])
  assert.deepEqual((await registry.send('GET', '/v2/unknown/tags/list')).codes, ['NAME_UNKNOWN'])
})

test('a repository without tags has an empty list', async () => {
  await using registry = await testRegistry()
  await registry.pushBlob('r', 'x')
  assert.deepEqual(JSON.parse((await registry.send('GET', '/v2/r/tags/list')).text), { name: 'r', tags: [] })
})

test('the catalog shows what may be read, filtered before it is paged', async () => {
  await using registry = await testRegistry({
    authorize: (_, { name }) => (name.startsWith('secret') ? 'denied' : 'allow'),
  })
  for (const name of ['a', 'a-b', 'a/b', 'secret/x', 'z'])
    await registry.registry.metadata.putBlob(name, { digest: digestOfBytes(name), content: digestOfBytes(name), size: 1 })
  for (const [query, repositories, next] of [
    ['', ['a', 'a-b', 'a/b', 'z'], undefined],
    ['?n=3', ['a', 'a-b', 'a/b'], '</v2/_catalog?n=3&last=a%2Fb>; rel="next"'],
    ['?n=3&last=a/b', ['z'], undefined],
    ['?n=0', [], undefined],
  ] as const) {
    const reply = await registry.send('GET', `/v2/_catalog${query}`)
    assert.deepEqual([JSON.parse(reply.text), reply.headers['link']], [{ repositories }, next], query)
  }
})

test('referrers: with artifactType and annotations, filtered, gone when deleted', async () => {
  await using registry = await testRegistry({ sparse: 'all' })
  const subject = { mediaType: MediaType.ociManifest, digest: digestOfBytes('nobody'), size: 6 }
  const signature = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    subject,
    config: config('application/x.signature'),
    layers: [],
    annotations: { a: '<"\u202e' },
  }
  const sbom = { ...signature, artifactType: 'application/x.sbom', config: config(MediaType.ociEmpty), annotations: undefined }
  const list = { ...index, subject }
  const url = `/v2/r/referrers/${subject.digest}`

  const empty = await registry.send('GET', url)
  assert.deepEqual([empty.status, JSON.parse(empty.text), empty.headers['content-type']], [200, index, MediaType.ociIndex])
  const put = await registry.send('PUT', '/v2/r/manifests/sig', { body: JSON.stringify(signature) })
  assert.equal(put.headers['oci-subject'], subject.digest)
  const digests = [digestOfBytes(JSON.stringify(signature)), await registry.pushManifest('r', sbom), await registry.pushManifest('r', list)]

  const all = JSON.parse((await registry.send('GET', url)).text) as { manifests: { digest: string }[] }
  assert.deepEqual(
    all.manifests.toSorted((a, b) => digests.indexOf(a.digest as never) - digests.indexOf(b.digest as never)),
    [
      {
        mediaType: MediaType.ociManifest,
        digest: digests[0],
        size: size(signature),
        artifactType: 'application/x.signature',
        annotations: signature.annotations,
      },
      { mediaType: MediaType.ociManifest, digest: digests[1], size: size(sbom), artifactType: 'application/x.sbom' },
      { mediaType: MediaType.ociIndex, digest: digests[2], size: size(list) },
    ],
  )
  const filtered = await registry.send('GET', `${url}?artifactType=application/x.sbom`)
  assert.equal(filtered.headers['oci-filters-applied'], 'artifactType')
  assert.deepEqual(
    (JSON.parse(filtered.text) as typeof all).manifests.map(({ digest }) => digest),
    [digests[1]],
  )
  await registry.send('DELETE', `/v2/r/manifests/${digests[0]}`)
  assert.equal((JSON.parse((await registry.send('GET', url)).text) as typeof all).manifests.length, 2)
  assert.equal((await registry.send('GET', `/v2/other/referrers/${subject.digest}`)).status, 200)
  assert.equal((await registry.send('GET', '/v2/r/referrers/sha256:x')).status, 400)
})

test('a long list of referrers comes in pages of at most 4 MB, each entry once', async () => {
  await using registry = await testRegistry({ sparse: 'all' })
  const subject = { mediaType: MediaType.ociManifest, digest: digestOfBytes('nobody'), size: 6 }
  const pushed: string[] = []
  for (let i = 0; i < 4; i++)
    pushed.push(await registry.pushManifest('r', { ...index, subject, annotations: { a: `${i}${'x'.repeat(1_500_000)}` } }))
  const seen: string[] = []
  let pages = 0
  for (let url: string | undefined = `/v2/r/referrers/${subject.digest}`; url !== undefined; pages++) {
    const reply = await registry.send('GET', url)
    assert.ok(reply.bytes.byteLength < 4_100_000)
    seen.push(...(JSON.parse(reply.text) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest))
    url = /^<([^>]+)>/.exec(String(reply.headers['link'] ?? ''))?.[1]
  }
  assert.deepEqual([seen, pages], [pushed.toSorted(), 2])
})
