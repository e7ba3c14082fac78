import assert from 'node:assert/strict'
import { rm, truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { digestOfBytes, testRegistry } from '../testing.ts'

const TEXT = 'hello, blob of some bytes'
const ABSENT = digestOfBytes('absent')

test('a pushed blob is read whole, in part, and not at all when it is known', async () => {
  await using registry = await testRegistry()
  const digest = await registry.pushBlob('a/b', TEXT)
  const url = `/v2/a/b/blobs/${digest}`
  const etag = `"${digest}"`
  for (const [method, headers, status, text] of [
    ['GET', {}, 200, TEXT],
    ['HEAD', {}, 200, ''],
    ['HEAD', { range: 'bytes=0-4' }, 200, ''],
    ['GET', { range: 'bytes=0-4' }, 206, 'hello'],
    ['GET', { range: 'bytes=-5' }, 206, 'bytes'],
    ['GET', { range: 'bytes=20-1000' }, 206, 'bytes'],
    ['GET', { range: 'bytes=0-1,3-4' }, 200, TEXT],
    ['GET', { range: 'bytes=0-4', 'if-range': etag }, 206, 'hello'],
    ['GET', { range: 'bytes=0-4', 'if-range': '"other"' }, 200, TEXT],
    ['GET', { 'if-none-match': etag }, 304, ''],
    ['GET', { 'if-none-match': `"x", W/${etag}` }, 304, ''],
    ['GET', { 'if-none-match': '*' }, 304, ''],
    ['GET', { 'if-none-match': '"x"' }, 200, TEXT],
  ] as const) {
    const reply = await registry.send(method, url, { headers })
    assert.deepEqual([reply.status, reply.text], [status, text], `${method} ${JSON.stringify(headers)}`)
    assert.equal(reply.headers['docker-content-digest'], digest)
    if (status === 206) assert.match(String(reply.headers['content-range']), /^bytes \d+-\d+\/25$/)
    if (status !== 304) assert.equal(reply.headers['content-length'], String(method === 'HEAD' ? TEXT.length : text.length))
  }
  const beyond = await registry.send('GET', url, { headers: { range: 'bytes=100-' } })
  assert.deepEqual([beyond.status, beyond.codes, beyond.headers['content-range']], [416, ['RANGE_INVALID'], 'bytes */25'])
})

test('a blob larger than a piece comes back as it went in', async () => {
  await using registry = await testRegistry()
  const bytes = Buffer.alloc(2_500_001, 'abcdefg')
  const digest = await registry.pushBlob('a', bytes)
  const reply = await registry.send('GET', `/v2/a/blobs/${digest}`)
  assert.equal(Buffer.compare(reply.bytes, bytes), 0)
  const range = await registry.send('GET', `/v2/a/blobs/${digest}`, { headers: { range: 'bytes=1048570-1048590' } })
  assert.equal(Buffer.compare(range.bytes, bytes.subarray(1_048_570, 1_048_591)), 0)
})

test('sha512 and sha256 name the same bytes, kept once; only the pushed name is known', async () => {
  await using registry = await testRegistry()
  const long = await registry.pushBlob('a', TEXT, 'sha512')
  const reply = await registry.send('GET', `/v2/a/blobs/${long}`)
  assert.deepEqual([reply.text, reply.headers['docker-content-digest']], [TEXT, long])
  assert.equal((await registry.send('HEAD', `/v2/a/blobs/${digestOfBytes(TEXT)}`)).status, 404)
  assert.deepEqual(registry.store.roots.list('registry'), [digestOfBytes(TEXT)])
})

test('a deleted blob is gone at once, from its repository only, and no root any more after the last', async () => {
  await using registry = await testRegistry()
  const digest = await registry.pushBlob('a', TEXT)
  await registry.pushBlob('b', TEXT)
  assert.equal((await registry.send('DELETE', `/v2/a/blobs/${digest}`)).status, 202)
  assert.equal((await registry.send('HEAD', `/v2/a/blobs/${digest}`)).status, 404)
  assert.equal((await registry.send('DELETE', `/v2/a/blobs/${digest}`)).status, 404)
  assert.equal((await registry.send('HEAD', `/v2/b/blobs/${digest}`)).status, 200)
  assert.deepEqual(registry.store.roots.list('registry'), [digest])
  await registry.send('DELETE', `/v2/b/blobs/${digest}`)
  assert.deepEqual(registry.store.roots.list('registry'), [])
})

test('what the store holds for others is not readable in any repository', async () => {
  await using registry = await testRegistry()
  const lease = await registry.store.lease('test')
  const digest = await registry.store.content.putBytes(Buffer.from('a local image'), lease)
  await registry.pushBlob('a', TEXT)
  for (const url of [`/v2/a/blobs/${digest}`, `/v2/b/blobs/${digest}`, `/v2/a/manifests/${digest}`]) {
    assert.equal((await registry.send('GET', url)).status, 404, url)
  }
  const mount = await registry.send('POST', `/v2/a/blobs/uploads/?mount=${digest}`)
  assert.equal(mount.status, 202)
  await lease[Symbol.asyncDispose]()
})

for (const [what, damage] of [
  ['lost', (file: string) => rm(file)],
  ['cut short', (file: string) => truncate(file, 3)],
] as const) {
  test(`a blob whose file was ${what} is unknown until it is pushed again`, async () => {
    await using registry = await testRegistry()
    const bytes = Buffer.alloc(100_000, 'x')
    const digest = await registry.pushBlob('a', bytes)
    await damage(registry.store.content.path(digest))
    assert.equal((await registry.send('HEAD', `/v2/a/blobs/${digest}`)).status, 404)
    assert.deepEqual((await registry.send('GET', `/v2/a/blobs/${digest}`)).codes, ['BLOB_UNKNOWN'])
    await registry.pushBlob('a', bytes)
    assert.equal((await registry.send('GET', `/v2/a/blobs/${digest}`)).bytes.byteLength, 100_000)
  })
}

test('an unknown blob is BLOB_UNKNOWN, in known and unknown repositories alike', async () => {
  await using registry = await testRegistry()
  await registry.pushBlob('a', TEXT)
  for (const repository of ['a', 'b']) {
    const reply = await registry.send('GET', `/v2/${repository}/blobs/${ABSENT}`)
    assert.deepEqual([reply.status, reply.codes], [404, ['BLOB_UNKNOWN']])
  }
})
