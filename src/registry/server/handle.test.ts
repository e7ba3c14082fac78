import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Access, Decision } from './authorize.ts'
import { digestOfBytes, testRegistry } from './testing.ts'

const D = digestOfBytes('x')
const ID = '0b1c2d3e-0000-4000-8000-0123456789ab'

for (const [method, url, status, allow] of [
  ['GET', '/v2/', 200, undefined],
  ['HEAD', '/v2/', 200, undefined],
  ['GET', '/v2', 200, undefined],
  ['GET', '/v2/_oci/ext/discover', 200, undefined],
  ['GET', '/v2/a/_oci/ext/discover', 200, undefined],
  ['POST', '/v2/', 405, 'GET, HEAD'],
  ['PUT', `/v2/a/blobs/${D}`, 405, 'GET, HEAD, DELETE'],
  ['POST', '/v2/a/manifests/x', 405, 'GET, HEAD, PUT, DELETE'],
  ['GET', '/v2/a/blobs/uploads/', 405, 'POST'],
  ['POST', `/v2/a/blobs/uploads/${ID}`, 405, 'GET, HEAD, PATCH, PUT, DELETE'],
  ['DELETE', '/v2/a/tags/list', 405, 'GET, HEAD'],
  ['PUT', `/v2/a/referrers/${D}`, 405, 'GET, HEAD'],
  ['GET', `/v2/a/blobs/uploads/${ID}`, 404, undefined],
  ['GET', '/', 404, undefined],
  ['GET', '/v2/a/manifests/sha256:baddigeststring', 400, undefined],
  ['PUT', '/v2/a/manifests/sha256:baddigeststring', 400, undefined],
] as const) {
  test(`${method} ${url.slice(0, 60)} is ${status}`, async () => {
    await using registry = await testRegistry()
    const reply = await registry.send(method, url)
    assert.deepEqual([reply.status, reply.headers['allow']], [status, allow])
    if (status >= 400) assert.equal(reply.codes.length, 1)
  })
}

for (const [method, url, want] of [
  ['GET', '/v2/', undefined],
  ['GET', '/v2/_catalog', 'registry:catalog:*'],
  ['GET', `/v2/a/blobs/${D}`, 'repository:a:pull'],
  ['HEAD', '/v2/a/b/manifests/x', 'repository:a/b:pull'],
  ['GET', '/v2/a/tags/list', 'repository:a:pull'],
  ['GET', `/v2/a/referrers/${D}`, 'repository:a:pull'],
  ['PUT', '/v2/a/manifests/latest', 'repository:a:push'],
  ['POST', '/v2/a/blobs/uploads/', 'repository:a:push'],
  ['GET', `/v2/a/blobs/uploads/${ID}`, 'repository:a:push'],
  ['PATCH', `/v2/a/blobs/uploads/${ID}`, 'repository:a:push'],
  ['PUT', `/v2/a/blobs/uploads/${ID}`, 'repository:a:push'],
  ['DELETE', `/v2/a/blobs/uploads/${ID}`, 'repository:a:push'],
  ['DELETE', '/v2/a/manifests/x', 'repository:a:delete'],
  ['DELETE', `/v2/a/blobs/${D}`, 'repository:a:delete'],
] as const) {
  test(`${method} ${url.slice(0, 60)} asks for ${want}, before anything else happens`, async () => {
    for (const [decision, status, codes] of [
      ['denied', 403, ['DENIED']],
      ['unauthorized', 401, ['UNAUTHORIZED']],
    ] as const) {
      const asked: string[] = []
      const authorize = (_: unknown, { type, name, action }: Access): Decision => {
        asked.push(`${type}:${name}:${action}`)
        return decision
      }
      await using registry = await testRegistry({ authorize })
      const reply = await registry.send(method, url)
      assert.deepEqual(asked, want === undefined ? [] : [want])
      if (want !== undefined) assert.deepEqual([reply.status, reply.codes], [status, codes])
    }
  })
}

test('pages of other sites may read what anybody may read, and change nothing', async () => {
  await using registry = await testRegistry()
  for (const [site, method, status] of [
    ['cross-site', 'POST', 403],
    ['same-site', 'POST', 403],
    ['same-origin', 'POST', 202],
    ['none', 'POST', 202],
  ] as const) {
    assert.equal((await registry.send(method, '/v2/a/blobs/uploads/', { headers: { 'sec-fetch-site': site } })).status, status, site)
  }
  assert.equal((await registry.send('GET', '/v2/', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 200)
})

test('what fails inside is told to us, not to the client', async () => {
  await using registry = await testRegistry()
  Object.assign(registry.registry.metadata, { findBlob: () => Promise.reject(new Error('SQLITE at /var/lib/x')) })
  const reply = await registry.send('GET', `/v2/a/blobs/${D}`)
  assert.deepEqual([reply.status, reply.codes], [500, ['UNKNOWN']])
  assert.doesNotMatch(reply.text, /SQLITE|var/)
  assert.match(String(reply.failure), /SQLITE/)
})

test('a body where none is wanted is bounded', async () => {
  await using registry = await testRegistry()
  assert.equal((await registry.send('GET', '/v2/', { body: Buffer.alloc(1 << 20) })).status, 413)
})
