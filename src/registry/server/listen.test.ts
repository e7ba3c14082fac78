import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../../kit/mod.ts'
import { digestOfBytes, temporaryStore } from './testing.ts'
import { startRegistry, type RegistryOptions, type RunningRegistry } from './start-registry.ts'

async function started(t: TestContext, options: Partial<RegistryOptions> = {}): Promise<RunningRegistry & { readonly url: string }> {
  const opened = await temporaryStore()
  const registry = await startRegistry({
    store: opened.store,
    host: '127.0.0.1',
    port: 0,
    onError: (error) => assert.fail(String(error)),
    ...options,
  })
  t.after(async () => {
    await registry.close()
    await opened[Symbol.asyncDispose]()
  })
  return { ...registry, url: `http://${registry.address}` }
}

/** Sends text as it is and gives everything that comes back. */
async function raw(address: string, text: string): Promise<string> {
  const [host, port] = address.split(':')
  const socket = connect({ host: host ?? '', port: Number(port) })
  socket.on('error', () => {})
  socket.write(text)
  let reply = ''
  socket.on('data', (data: Buffer) => (reply += String(data)))
  await once(socket, 'close')
  return reply
}

test('it is ready at once and says where', async (t) => {
  const { address, url } = await started(t)
  assert.match(address, /^127\.0\.0\.1:\d+$/)
  const reply = await fetch(`${url}/v2/`)
  assert.deepEqual([reply.status, reply.headers.get('docker-distribution-api-version'), await reply.text()], [200, 'registry/2.0', '{}'])
})

test('a port that is taken is an error with a code', async (t) => {
  const { address } = await started(t)
  await using opened = await temporaryStore()
  const again = startRegistry({ store: opened.store, host: '127.0.0.1', port: Number(address.split(':')[1]) })
  await assert.rejects(again, (error) => codeOf(error) === 'ADDRESS_IN_USE')
})

test('blobs of many pieces go in and out by sockets, whole and in part', async (t) => {
  const events: string[] = []
  const { url } = await started(t, { onRequest: ({ method, status, bytes }) => events.push(`${method} ${status} ${bytes}`) })
  const bytes = randomBytes(5_000_003)
  const digest = digestOfBytes(bytes)
  const post = await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST' })
  const location = new URL(post.headers.get('location') ?? '', url)
  const patch = await fetch(location, { method: 'PATCH', body: new Blob([bytes]).stream(), duplex: 'half' })
  assert.deepEqual([patch.status, patch.headers.get('range')], [202, '0-5000002'])
  const put = await fetch(`${location.href}?digest=${digest}`, { method: 'PUT' })
  assert.equal(put.status, 201)
  const get = await fetch(`${url}/v2/a/blobs/${digest}`)
  assert.equal(
    `sha256:${createHash('sha256')
      .update(Buffer.from(await get.arrayBuffer()))
      .digest('hex')}`,
    digest,
  )
  const head = await fetch(`${url}/v2/a/blobs/${digest}`, { method: 'HEAD' })
  assert.deepEqual([head.headers.get('content-length'), (await head.arrayBuffer()).byteLength], ['5000003', 0])
  const part = await fetch(`${url}/v2/a/blobs/${digest}`, { headers: { range: 'bytes=1000000-3999999' } })
  assert.equal(Buffer.compare(Buffer.from(await part.arrayBuffer()), bytes.subarray(1_000_000, 4_000_000)), 0)
  while (events.length < 6) await sleep(5)
  assert.deepEqual(events, ['POST 202 0', 'PATCH 202 0', 'PUT 201 0', 'GET 200 5000003', 'HEAD 200 0', 'GET 206 3000000'])
})

test('a client that breaks off in the middle can go on from there', async (t) => {
  const { url, address } = await started(t)
  const post = await fetch(`${url}/v2/a/blobs/uploads/`, { method: 'POST' })
  const location = post.headers.get('location') ?? ''
  const [host, port] = address.split(':')
  const socket = connect({ host: host ?? '', port: Number(port) })
  socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nhello`)
  await sleep(100)
  socket.destroy()
  let range = ''
  for (let i = 0; i < 100 && range !== '0-4'; i++) {
    await sleep(20)
    range = (await fetch(url + location)).headers.get('range') ?? ''
  }
  const digest = digestOfBytes('hello, world')
  const put = await fetch(`${url}${location}?digest=${digest}`, { method: 'PUT', body: ', world', headers: { 'content-range': '5-11' } })
  assert.equal(put.status, 201)
})

test('who is refused while sending gets to read why', async (t) => {
  const { url } = await started(t)
  const id = '0b1c2d3e-0000-4000-8000-0123456789ab'
  for (const [method, path, size, status] of [
    ['PATCH', `/v2/a/blobs/uploads/${id}`, 3 << 20, 404],
    ['PUT', '/v2/a/manifests/x', 9 << 20, 413],
    ['PUT', '/v2/A/manifests/x', 1 << 20, 400],
  ] as const) {
    const reply = await fetch(url + path, { method, body: Buffer.alloc(size) })
    assert.equal(reply.status, status)
    assert.ok(Array.isArray(((await reply.json()) as { errors: unknown }).errors))
  }
  assert.equal((await fetch(`${url}/v2/`)).status, 200)
})

const expecting = (path: string): string =>
  `PUT ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`

test('Expect: 100-continue: the body is asked for only when it is wanted', async (t) => {
  const { address } = await started(t)
  assert.match(await raw(address, `${expecting('/v2/a/manifests/x')}{}`), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 400 /)
  assert.match(await raw(address, expecting('/v2/A/manifests/x')), /^HTTP\/1.1 400 /)
})

for (const [what, text, status] of [
  ['not HTTP', 'hello\r\n\r\n', 400],
  ['two lengths', 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 400],
  [
    'length and chunks (request smuggling)',
    'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['huge headers', `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(1 << 17)}\r\n\r\n`, 431],
  ['a huge digest', `GET /v2/a/blobs/sha256:${'a'.repeat(1 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
] as const) {
  test(`${what}: ${status}, and the next client is served`, async (t) => {
    const { address, url } = await started(t)
    assert.match(await raw(address, text), new RegExp(`^HTTP/1.1 ${status} `))
    assert.equal((await fetch(`${url}/v2/`)).status, 200)
  })
}

test('the Host header of a request shows nowhere', async (t) => {
  const { address } = await started(t)
  const reply = await raw(
    address,
    'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  )
  assert.match(reply, /^HTTP\/1.1 202 [\s\S]*location: \/v2\/a\/blobs\/uploads\//)
  assert.doesNotMatch(reply, /evil/)
})

test('closing finishes what runs and takes no more', async (t) => {
  const registry = await started(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello')
    await promise
    yield Buffer.from(', world')
  }
  const digest = digestOfBytes('hello, world')
  const upload = fetch(`${registry.url}/v2/a/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: body() as unknown as ReadableStream,
    duplex: 'half',
  })
  await sleep(100)
  const closing = registry.close()
  await assert.rejects(fetch(`${registry.url}/v2/`))
  resolve()
  assert.equal((await upload).status, 201)
  await closing
})

test('an aborted signal ends everything at once', async (t) => {
  const controller = new AbortController()
  const registry = await started(t, { signal: controller.signal })
  const hanging = fetch(`${registry.url}/v2/a/blobs/uploads/?digest=${digestOfBytes('x')}`, {
    method: 'POST',
    body: new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('x')) }),
    duplex: 'half',
  })
  const ended = assert.rejects(hanging)
  await sleep(50)
  controller.abort()
  await ended
  await registry.close()
})
