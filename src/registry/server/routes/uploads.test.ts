import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { brokenAfter, digestOfBytes, piecesOf, testRegistry, type TestRegistry } from '../testing.ts'
import { expireUploads } from '../expire-uploads.ts'
import { filesystemStorage } from '../storage/filesystem-storage.ts'

const TEXT = 'hello, world'
const DIGEST = digestOfBytes(TEXT)

async function begin(registry: TestRegistry, repository = 'a', query = ''): Promise<string> {
  const { status, headers } = await registry.send('POST', `/v2/${repository}/blobs/uploads/${query}`)
  assert.equal(status, 202)
  assert.match(String(headers['range']), /^0-0$/)
  return String(headers['location'])
}

test('in one request', async () => {
  await using registry = await testRegistry()
  const reply = await registry.send('POST', `/v2/a/blobs/uploads/?digest=${DIGEST}`, { body: TEXT })
  assert.deepEqual(
    [reply.status, reply.headers['location'], reply.headers['docker-content-digest']],
    [201, `/v2/a/blobs/${DIGEST}`, DIGEST],
  )
  assert.equal((await registry.send('GET', `/v2/a/blobs/${DIGEST}`)).text, TEXT)
})

test('POST and PUT', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  const reply = await registry.send('PUT', `${location}?digest=${DIGEST}`, { body: TEXT })
  assert.deepEqual([reply.status, reply.headers['location']], [201, `/v2/a/blobs/${DIGEST}`])
})

for (const query of ['', '?digest-algorithm=sha512', '?digest-algorithm=sha256']) {
  test(`in chunks, as sha512 (${query})`, async () => {
    await using registry = await testRegistry()
    const location = await begin(registry, 'a', query)
    const first = await registry.send('PATCH', location, { body: 'hello', headers: { 'content-range': '0-4' } })
    assert.deepEqual([first.status, first.headers['range'], first.headers['location']], [202, '0-4', location])
    const state = await registry.send('GET', location)
    assert.deepEqual([state.status, state.headers['range'], state.headers['location']], [204, '0-4', location])
    const digest = digestOfBytes(TEXT, 'sha512')
    const last = await registry.send('PUT', `${location}?digest=${digest}`, { body: ', world', headers: { 'content-range': '5-11' } })
    assert.deepEqual([last.status, last.headers['docker-content-digest']], [201, digest])
    assert.equal((await registry.send('GET', `/v2/a/blobs/${digest}`)).text, TEXT)
  })
}

test('as a stream without any length', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  assert.equal((await registry.send('PATCH', location, { body: piecesOf('hello', ', ') })).headers['range'], '0-6')
  assert.equal((await registry.send('PATCH', location, { body: piecesOf('wor', 'ld') })).headers['range'], '0-11')
  assert.equal((await registry.send('PUT', `${location}?digest=${DIGEST}`)).status, 201)
})

test('an empty blob', async () => {
  await using registry = await testRegistry()
  const digest = digestOfBytes('')
  const location = await begin(registry)
  assert.equal((await registry.send('PUT', `${location}?digest=${digest}`)).status, 201)
  const { status, bytes, headers } = await registry.send('GET', `/v2/a/blobs/${digest}`)
  assert.deepEqual([status, bytes.byteLength, headers['content-length']], [200, 0, '0'])
})

for (const [what, method, query, headers, status, code] of [
  ['a chunk ahead', 'PATCH', '', { 'content-range': '6-10' }, 416, 'RANGE_INVALID'],
  ['a chunk again', 'PATCH', '', { 'content-range': '0-4' }, 416, 'RANGE_INVALID'],
  ['a last chunk ahead', 'PUT', `?digest=${DIGEST}`, { 'content-range': '6-10' }, 416, 'RANGE_INVALID'],
  ['a range with a unit', 'PATCH', '', { 'content-range': 'bytes 5-9' }, 400, 'BLOB_UPLOAD_INVALID'],
  ['an open range', 'PATCH', '', { 'content-range': '5-' }, 400, 'BLOB_UPLOAD_INVALID'],
  ['an inverted range', 'PATCH', '', { 'content-range': '9-5' }, 400, 'BLOB_UPLOAD_INVALID'],
  ['a range of another length', 'PATCH', '', { 'content-range': '5-100' }, 400, 'SIZE_INVALID'],
  ['no digest', 'PUT', '', {}, 400, 'DIGEST_INVALID'],
  ['a malformed digest', 'PUT', '?digest=sha256:abc', {}, 400, 'DIGEST_INVALID'],
  ['an unknown algorithm', 'PUT', `?digest=md5:${'a'.repeat(32)}`, {}, 400, 'DIGEST_INVALID'],
  ['two digests', 'PUT', `?digest=${DIGEST}&digest=${digestOfBytes('x')}`, {}, 400, 'DIGEST_INVALID'],
] as const) {
  test(`${what} is ${code}; the upload can be gone on with`, async () => {
    await using registry = await testRegistry()
    const location = await begin(registry)
    await registry.send('PATCH', location, { body: 'hello' })
    const refused = await registry.send(method, location + query, { headers, body: 'bytes' })
    assert.deepEqual([refused.status, refused.codes], [status, [code]])
    if (status === 416) assert.deepEqual([refused.headers['range'], refused.headers['location']], ['0-4', location])
    assert.equal((await registry.send('PUT', `${location}?digest=${DIGEST}`, { body: ', world' })).status, 201)
  })
}

test('other bytes than the digest says: refused, and nothing is left', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  const put = await registry.send('PUT', `${location}?digest=${DIGEST}`, { body: 'jello, world' })
  assert.deepEqual([put.status, put.codes], [400, ['DIGEST_INVALID']])
  const post = await registry.send('POST', `/v2/a/blobs/uploads/?digest=${DIGEST}`, { body: 'jello, world' })
  assert.deepEqual([post.status, post.codes], [400, ['DIGEST_INVALID']])
  assert.equal((await registry.send('GET', location)).status, 404)
  assert.deepEqual(await uploadFiles(registry), [])
})

test('a chunk that is longer or shorter than its range is taken back', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await registry.send('PATCH', location, { body: 'hello' })
  for (const body of [piecesOf(', wor', 'ld and more'), piecesOf(', w')]) {
    const reply = await registry.send('PATCH', location, { headers: { 'content-range': '5-11' }, body })
    assert.deepEqual([reply.status, reply.codes], [400, ['SIZE_INVALID']])
    assert.equal((await registry.send('GET', location)).headers['range'], '0-4')
  }
  const last = await registry.send('PUT', `${location}?digest=${DIGEST}`, {
    headers: { 'content-range': '5-11' },
    body: piecesOf(', world'),
  })
  assert.equal(last.status, 201)
})

test('what arrived before a client went away stays, and it goes on from there', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await registry.send('PATCH', location, { body: brokenAfter('hello') })
  assert.equal((await registry.send('GET', location)).headers['range'], '0-4')
  const last = await registry.send('PUT', `${location}?digest=${DIGEST}`, { headers: { 'content-range': '5-11' }, body: ', world' })
  assert.equal(last.status, 201)
})

test('two at once: one writes, the other is told where to go on', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello')
    await released
    yield Buffer.from(', world')
  }
  const first = registry.send('PATCH', location, { body: slow() })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const second = await registry.send('PATCH', location, { body: TEXT, headers: { 'content-range': '0-11' } })
  const third = await registry.send('PUT', `${location}?digest=${DIGEST}`)
  release()
  assert.deepEqual([(await first).status, second.status, third.status], [202, 416, 416])
  const both = await Promise.all([
    registry.send('PUT', `${location}?digest=${DIGEST}`),
    registry.send('PUT', `${location}?digest=${DIGEST}`),
  ])
  assert.ok(both.some(({ status }) => status === 201))
  assert.ok(both.some(({ status }) => status === 416 || status === 404))
  assert.equal((await registry.send('PATCH', location, { body: 'x' })).status, 404)
})

test('the same blob twice at once: both are stored', async () => {
  await using registry = await testRegistry()
  const replies = await Promise.all([1, 2, 3].map(() => registry.send('POST', `/v2/a/blobs/uploads/?digest=${DIGEST}`, { body: TEXT })))
  assert.deepEqual(
    replies.map(({ status }) => status),
    [201, 201, 201],
  )
  assert.equal((await registry.send('GET', `/v2/a/blobs/${DIGEST}`)).text, TEXT)
})

test('a session is known below its own repository only', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  const elsewhere = location.replace('/v2/a/', '/v2/b/')
  for (const method of ['GET', 'PATCH', 'DELETE', 'PUT']) {
    const reply = await registry.send(method, `${elsewhere}?digest=${DIGEST}`, { body: method === 'PUT' || method === 'PATCH' ? TEXT : '' })
    assert.deepEqual([reply.status, reply.codes], [404, ['BLOB_UPLOAD_UNKNOWN']], method)
  }
})

test('cancelled: the bytes are gone at once', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await registry.send('PATCH', location, { body: 'hello' })
  assert.equal((await registry.send('DELETE', location)).status, 204)
  assert.equal((await registry.send('GET', location)).status, 404)
  assert.equal((await registry.send('DELETE', location)).status, 404)
  assert.deepEqual(await uploadFiles(registry), [])
})

test('a session outlives the process', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await registry.send('PATCH', location, { body: 'hello' })
  // A new process: nothing in memory, so the running hash is lost too.
  await using files = filesystemStorage(registry.store)
  Object.assign(registry.registry, { blobs: files.blobs, uploads: files.uploads })
  assert.equal((await registry.send('GET', location)).headers['range'], '0-4')
  assert.equal((await registry.send('PUT', `${location}?digest=${DIGEST}`, { body: ', world' })).status, 201)
})

test('untouched uploads expire; others stay', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await expireUploads(registry.registry, Date.now() - 1000)
  assert.equal((await registry.send('GET', location)).status, 204)
  await expireUploads(registry.registry, Date.now() + 1000)
  assert.equal((await registry.send('GET', location)).status, 404)
  assert.deepEqual(await uploadFiles(registry), [])
})

test('mounts: from a named repository, from any that may be read, never more', async () => {
  const secret = new Set(['secret'])
  await using registry = await testRegistry({
    authorize: (_, { type, name, action }) => (type === 'repository' && secret.has(name) && action === 'pull' ? 'denied' : 'allow'),
  })
  const hidden = await registry.pushBlob('secret', 'a secret')
  await registry.pushBlob('open', TEXT)
  for (const [query, repository, status] of [
    [`?mount=${DIGEST}&from=open`, 'b', 201],
    [`?mount=${DIGEST}`, 'c', 201],
    [`?mount=${DIGEST}&from=open`, 'open', 201],
    [`?mount=${DIGEST}&from=absent`, 'd', 202],
    [`?mount=${DIGEST}&from=..`, 'd', 202],
    [`?mount=${digestOfBytes('absent')}`, 'd', 202],
    [`?mount=${hidden}&from=secret`, 'd', 202],
    [`?mount=${hidden}`, 'd', 202],
    ['?mount=sha256:x', 'd', 400],
    ['?mount=md5:x', 'd', 400],
  ] as const) {
    const reply = await registry.send('POST', `/v2/${repository}/blobs/uploads/${query}`)
    assert.equal(reply.status, status, query)
    if (status === 201) assert.equal(reply.headers['location'], `/v2/${repository}/blobs/${DIGEST}`)
    if (status === 202) assert.match(String(reply.headers['location']), /^\/v2\/d\/blobs\/uploads\/[0-9a-f-]{36}$/)
  }
  assert.equal((await registry.send('HEAD', `/v2/c/blobs/${DIGEST}`)).status, 200)
  assert.equal((await registry.send('HEAD', `/v2/d/blobs/${hidden}`)).status, 404)
})

test('an unknown digest-algorithm is refused', async () => {
  await using registry = await testRegistry()
  const reply = await registry.send('POST', '/v2/a/blobs/uploads/?digest-algorithm=md5')
  assert.deepEqual([reply.status, reply.codes], [400, ['DIGEST_INVALID']])
})

test('a full disk is 507, and the upload goes on once there is room', async () => {
  await using registry = await testRegistry()
  const location = await begin(registry)
  await registry.send('PATCH', location, { body: 'hello' })
  const { uploads } = registry.registry
  const full = { append: () => Promise.reject(Object.assign(new Error('ENOSPC: /some/path'), { code: 'ENOSPC' })) }
  Object.assign(registry.registry, { uploads: { ...uploads, ...full } })
  const refused = await registry.send('PATCH', location, { body: ', world' })
  assert.deepEqual([refused.status, refused.codes], [507, ['INSUFFICIENT_STORAGE']])
  assert.doesNotMatch(refused.text, /some\/path/)
  Object.assign(registry.registry, { uploads })
  assert.equal((await registry.send('PUT', `${location}?digest=${DIGEST}`, { body: ', world' })).status, 201)
})

async function uploadFiles(registry: TestRegistry): Promise<readonly string[]> {
  return (await readdir(join(registry.store.root, 'ingest'))).filter((name) => name.startsWith('upload-'))
}
