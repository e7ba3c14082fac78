import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { bodyOf, digestOf, fakeRegistry, type FakeRegistry, type Misbehave } from './transport/fake-registry.ts'
import { imageContract } from '../../image/contract-suite.ts'
import { copyImage, randomImage } from '../../image/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { MediaType, parseDigest, parseReference, type Descriptor } from '../../oci/mod.ts'
import { readAll } from '../../stream/mod.ts'
import { registrySink, registrySource, type RegistryOptions } from './mod.ts'

const QUICK: RegistryOptions = { retries: { firstDelay: 5, attempts: 3 } }

imageContract('registry', async (t) => {
  const { host } = await fakeRegistry(t)
  return {
    sink: (name) => Promise.resolve(registrySink(parseReference(`${host}/a/b:${name}`), QUICK)),
    source: (name) => Promise.resolve(registrySource(parseReference(`${host}/a/b:${name}`), QUICK)),
  }
})

/** A registry with one blob and a source for it. */
async function withBlob(
  t: TestContext,
  size: number,
  misbehave?: Misbehave,
): Promise<{ registry: FakeRegistry; blob: Buffer; descriptor: Descriptor; host: string }> {
  const registry = await fakeRegistry(t, misbehave)
  const blob = randomBytes(size)
  registry.blobs.set(digestOf(blob), blob)
  return { registry, blob, host: registry.host, descriptor: { mediaType: MediaType.ociLayer, digest: parseDigest(digestOf(blob)), size } }
}

function putManifest(registry: FakeRegistry): string {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, config: { mediaType: MediaType.ociConfig, digest: digestOf('{}'), size: 2 }, layers: [] }),
  )
  registry.manifests.set('1', { type: MediaType.ociManifest, bytes }).set(digestOf(bytes), { type: MediaType.ociManifest, bytes })
  return digestOf(bytes)
}

async function resolveCode(host: string, options: RegistryOptions = QUICK, name = 'a/b:1'): Promise<string> {
  await using source = registrySource(parseReference(`${host}/${name}`), options)
  try {
    await source.readManifest(await source.resolve())
    return 'ok'
  } catch (error) {
    return codeOf(error) ?? String(error)
  }
}

const wireError = (code: string): string => JSON.stringify({ errors: [{ code, message: 'told' }] })

for (const { name, status, body = '', headers = {}, code, requests } of [
  { name: '401 without a challenge', status: 401, code: 'UNAUTHORIZED', requests: 1 },
  {
    name: '401 with Basic, no credentials',
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="r"' },
    code: 'UNAUTHORIZED',
    requests: 1,
  },
  { name: '403', status: 403, code: 'DENIED', requests: 1 },
  { name: '404', status: 404, code: 'MANIFEST_UNKNOWN', requests: 2 },
  { name: '404 of the repository', status: 404, body: wireError('NAME_UNKNOWN'), code: 'NAME_UNKNOWN', requests: 2 },
  { name: '418', status: 418, code: 'REJECTED', requests: 1 },
  { name: '429', status: 429, headers: { 'retry-after': '0' }, code: 'RATE_LIMITED', requests: 3 },
  { name: '429, come back tomorrow', status: 429, headers: { 'retry-after': '86400' }, code: 'RATE_LIMITED', requests: 1 },
  { name: '408', status: 408, code: 'REJECTED', requests: 3 },
  { name: '500', status: 500, body: 'oops', code: 'SERVER_ERROR', requests: 3 },
  { name: '501', status: 501, code: 'SERVER_ERROR', requests: 2 },
  { name: '204', status: 204, code: 'PROTOCOL', requests: 1 },
  { name: 'a web page', status: 200, body: '<html>hello</html>', headers: { 'content-type': 'text/html' }, code: 'PROTOCOL', requests: 2 },
  { name: 'no JSON', status: 200, body: 'x', headers: { 'content-type': MediaType.ociManifest }, code: 'PROTOCOL', requests: 2 },
  {
    name: 'schema 1',
    status: 200,
    body: '{"schemaVersion":1}',
    headers: { 'content-type': MediaType.dockerSchema1Signed },
    code: 'MANIFEST_UNSUPPORTED',
    requests: 2,
  },
  { name: '9 MiB', status: 200, body: ' '.repeat(9 << 20), code: 'PROTOCOL', requests: 2 },
  { name: 'a redirect without end', status: 302, headers: { location: '/x' }, code: 'PROTOCOL', requests: 6 },
  {
    name: 'a redirect to a metadata address',
    status: 302,
    headers: { location: 'http://169.254.169.254/latest' },
    code: 'PROTOCOL',
    requests: 1,
  },
  { name: 'a redirect to a file', status: 302, headers: { location: 'file:///etc/passwd' }, code: 'PROTOCOL', requests: 1 },
] as readonly { name: string; status: number; body?: string; headers?: Record<string, string>; code: string; requests: number }[]) {
  test(`resolve(): ${name} is ${code} after ${requests} requests`, async (t) => {
    const registry = await fakeRegistry(t, (_, response) => {
      response.writeHead(status, headers).end(body)
      return true
    })
    assert.equal(await resolveCode(registry.host), code)
    assert.equal(registry.seen.length, requests)
  })
}

test('resolve(): nobody listens', async () => assert.equal(await resolveCode('127.0.0.1:9'), 'UNREACHABLE'))

test('resolve(): the text of the server is named, without control characters, capped', async (t) => {
  const text = `bad\u001b[31m ${'x'.repeat(10_000)}`
  const { host } = await fakeRegistry(t, (_, response) => {
    response.writeHead(403).end(JSON.stringify({ errors: [{ code: 'DENIED', message: text }] }))
    return true
  })
  await using source = registrySource(parseReference(`${host}/a/b:1`), QUICK)
  // HEAD has no body; what asks with GET shows the words.
  await assert.rejects(source.readManifest({ mediaType: '', digest: parseDigest(digestOf('')), size: 0 }), (error: Error) => {
    assert.ok(error.message.includes(host) && error.message.includes('a/b') && error.message.includes('403'))
    assert.ok(error.message.includes('DENIED: bad [31m'))
    return !error.message.includes('\u001b') && error.message.length < 700
  })
})

test('resolve(): a failure that passes is tried again, and said', async (t) => {
  let left = 2
  const registry = await fakeRegistry(t, (request, response) => {
    if (left-- <= 0) return false
    if (left === 1) response.writeHead(503).end()
    else request.destroy()
    return true
  })
  putManifest(registry)
  const lines: string[] = []
  assert.equal(await resolveCode(registry.host, { ...QUICK, onRetry: (line) => lines.push(line) }), 'ok')
  assert.equal(lines.length, 2)
})

test('resolve(): HEAD, then one GET; by digest, too; a registry without HEAD', async (t) => {
  const registry = await fakeRegistry(t)
  const digest = putManifest(registry)
  assert.equal(await resolveCode(registry.host), 'ok')
  assert.deepEqual(
    registry.seen.map(({ method }) => method),
    ['HEAD', 'GET'],
  )
  assert.equal(await resolveCode(registry.host, QUICK, `a/b:1@${digest}`), 'ok')
  registry.misbehave = ({ method }, response): boolean => {
    if (method !== 'HEAD') return false
    response.writeHead(405).end()
    return true
  }
  registry.seen.length = 0
  assert.equal(await resolveCode(registry.host), 'ok')
  assert.deepEqual(
    registry.seen.map(({ method }) => method),
    ['HEAD', 'GET'],
  )
})

test('readManifest(): other bytes than asked for', async (t) => {
  const registry = await fakeRegistry(t)
  const digest = putManifest(registry)
  const other = Buffer.from('{}')
  registry.manifests.set(digest, { type: MediaType.ociManifest, bytes: other })
  assert.equal(await resolveCode(registry.host), 'DIGEST_MISMATCH')
  assert.equal(await resolveCode(registry.host, QUICK, `a/b@${digest}`), 'DIGEST_MISMATCH')
})

test('openBlob(): goes on by Range where the line broke', async (t) => {
  const { registry, blob, descriptor, host } = await withBlob(t, 3_000_000, (request, response, { range }) => {
    const start = Number(/=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
    if (start > 2_000_000) return false
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': blob.length - start,
      'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}`,
    })
    response.write(blob.subarray(start, start + 700_000), () => request.destroy())
    return true
  })
  await using source = registrySource(parseReference(`${host}/a/b:1`), QUICK)
  assert.ok(Buffer.from(await readAll(await source.openBlob(descriptor), 1e7)).equals(blob))
  assert.deepEqual(
    registry.seen.map(({ range }) => range),
    [undefined, 'bytes=700000-', 'bytes=1400000-', 'bytes=2100000-'],
  )
})

test('openBlob(): a server that ignores Range, from the middle', async (t) => {
  const { blob, descriptor, host } = await withBlob(t, 2_500_000, (_, response) => {
    response.writeHead(200, { 'content-length': blob.length }).end(blob)
    return true
  })
  await using source = registrySource(parseReference(`${host}/a/b:1`), QUICK)
  const tail = await readAll(await source.openBlob(descriptor, { start: 1_234_567 }), 1e7)
  assert.ok(Buffer.from(tail).equals(blob.subarray(1_234_567)))
  assert.equal((await readAll(await source.openBlob(descriptor, { start: descriptor.size }), 10)).length, 0)
})

for (const { name, answer, code } of [
  {
    name: 'a body that always breaks off',
    answer: (response, blob) =>
      response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 10), () => response.destroy()),
    code: 'TRUNCATED',
  },
  {
    name: 'a body that is shorter and says so',
    answer: (response, blob) => response.writeHead(200).end(blob.subarray(0, 10)),
    code: 'TRUNCATED',
  },
  { name: 'a body that is longer', answer: (response, blob) => response.writeHead(200).end(Buffer.concat([blob, blob])), code: 'PROTOCOL' },
  {
    name: 'another range',
    answer: (response, blob) => response.writeHead(206, { 'content-range': 'bytes 5000-5009/10000' }).end(blob.subarray(0, 10)),
    code: 'PROTOCOL',
    start: 1,
  },
  { name: '404', answer: (response) => response.writeHead(404).end(), code: 'BLOB_UNKNOWN' },
] as readonly {
  name: string
  answer: (response: import('node:http').ServerResponse, blob: Buffer) => void
  code: string
  start?: number
}[]) {
  test(`openBlob(): ${name} is ${code}`, async (t) => {
    const { blob, descriptor, host } = await withBlob(t, 1000, (_, response) => {
      answer(response, blob)
      return true
    })
    await using source = registrySource(parseReference(`${host}/a/b:1`), QUICK)
    await assert.rejects(
      async () => readAll(await source.openBlob(descriptor, { start: code === 'PROTOCOL' && name === 'another range' ? 1 : 0 }), 1e6),
      (error) => codeOf(error) === code,
    )
  })
}

test('openBlob(): aborted in the middle, with the reason of the signal', { timeout: 5000 }, async (t) => {
  const { descriptor, host } = await withBlob(t, 1000, (_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('x')
    return true
  })
  await using source = registrySource(parseReference(`${host}/a/b:1`), QUICK)
  const abort = new AbortController()
  const reason = new Error('enough')
  setTimeout(() => abort.abort(reason), 50)
  await assert.rejects(
    async () => readAll(await source.openBlob(descriptor, { signal: abort.signal }), 1e6),
    (error) => error === reason,
  )
})

test('copyImage(): a second push asks about the manifest and the tag only', async (t) => {
  const registry = await fakeRegistry(t)
  const image = randomImage()
  for (const methods of [undefined, ['HEAD', 'HEAD']]) {
    registry.seen.length = 0
    await using sink = registrySink(parseReference(`${registry.host}/a/b:1`), QUICK)
    await copyImage(image, sink)
    if (methods !== undefined)
      assert.deepEqual(
        registry.seen.map(({ method }) => method),
        methods,
      )
  }
  registry.seen.length = 0
  await using moved = registrySink(parseReference(`${registry.host}/a/b:2`), QUICK)
  await copyImage(image, moved)
  assert.deepEqual(
    registry.seen.map(({ method }) => method),
    ['HEAD', 'HEAD', 'GET', 'HEAD', 'PUT'].filter((_, i) => i !== 3),
  )
  assert.ok(registry.manifests.get('2')?.bytes.equals(registry.manifests.get('1')?.bytes ?? Buffer.alloc(0)))
})

test('putBlob(): keeps the query of the Location; an interrupted upload starts anew, one that arrived does not', async (t) => {
  let puts = 0
  const registry = await fakeRegistry(t, async (request, response, { method, path }) => {
    if (method !== 'PUT') return false
    assert.ok(path.includes('?state=a%2Fb&digest=sha256%3A'))
    if (++puts === 1) {
      request.once('data', () => request.destroy())
      return true
    }
    if (puts > 2) return false
    const bytes = await bodyOf(request)
    registry.blobs.set(digestOf(bytes), bytes)
    response.destroy()
    return true
  })
  const blob = randomBytes(2_000_000)
  const descriptor = { mediaType: MediaType.ociLayer, digest: parseDigest(digestOf(blob)), size: blob.length }
  await using sink = registrySink(parseReference(`${registry.host}/a/b:1`), QUICK)
  let done = 0
  await sink.putBlob(descriptor, { kind: 'config' }, () => Promise.resolve(pieces(blob)), { onBytes: (n) => (done = n) })
  assert.equal(puts, 2)
  assert.equal(done, blob.length)
  assert.ok(registry.blobs.get(descriptor.digest)?.equals(blob))
})

test('putBlob(): a no in the middle of the body is read, not waited for', { timeout: 10_000 }, async (t) => {
  const { host } = await fakeRegistry(t, (request, response, { method }) => {
    if (method !== 'PUT') return false
    request.once('data', () => response.writeHead(413, { connection: 'close' }).end('too big'))
    return true
  })
  await using sink = registrySink(parseReference(`${host}/a/b:1`), QUICK)
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 1000; i++) yield Buffer.alloc(1 << 20)
  }
  const descriptor = { mediaType: MediaType.ociLayer, digest: parseDigest(digestOf('')), size: 1000 << 20 }
  await assert.rejects(
    sink.putBlob(descriptor, { kind: 'config' }, () => Promise.resolve(endless())),
    (error) => codeOf(error) === 'REJECTED',
  )
})

test('putBlob(): bytes that are not what the descriptor says never become a blob', async (t) => {
  const registry = await fakeRegistry(t)
  await using sink = registrySink(parseReference(`${registry.host}/a/b:1`), QUICK)
  const descriptor = { mediaType: MediaType.ociLayer, digest: parseDigest(digestOf('right')), size: 5 }
  await assert.rejects(
    sink.putBlob(descriptor, { kind: 'config' }, () => Promise.resolve(pieces(Buffer.from('wrong')))),
    (error) => codeOf(error) === 'DIGEST_INVALID',
  )
  assert.equal(registry.blobs.size, 0)
})

test('hasBlob(): a blob of another size is sent again', async (t) => {
  const { registry, descriptor, host } = await withBlob(t, 100)
  await using sink = registrySink(parseReference(`${host}/a/b:1`), QUICK)
  assert.equal(await sink.hasBlob(descriptor, { kind: 'config' }), true)
  registry.blobs.set(descriptor.digest, Buffer.alloc(7))
  assert.equal(await sink.hasBlob(descriptor, { kind: 'config' }), false)
})

test('finish(): a reference with a digest names nothing else', async (t) => {
  const { host } = await fakeRegistry(t)
  await using sink = registrySink(parseReference(`${host}/a/b@${digestOf('x')}`), QUICK)
  await assert.rejects(copyImage(randomImage(), sink), (error) => codeOf(error) === 'DIGEST_MISMATCH')
})

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
