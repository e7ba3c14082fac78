import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { bodyOf, digestOf, fakeRegistry, type FakeRegistry, type Seen } from '../transport/fake-registry.ts'
import { codeOf } from '../../../kit/mod.ts'
import { MediaType, parseReference } from '../../../oci/mod.ts'
import { dockerCredentials, registrySink, registrySource, type Credentials, type RegistryOptions } from '../mod.ts'
import { mergeScopes } from './authenticator.ts'
import { parseChallenges } from './challenge.ts'

for (const [lines, wanted] of [
  [['Basic realm="a"'], [['basic', { realm: 'a' }]]],
  [
    ['bearer Realm="https://x/t,u",Service="s\\"q",scope=repository:a/b:pull'],
    [['bearer', { realm: 'https://x/t,u', service: 's"q', scope: 'repository' }]],
  ],
  [['Bearer realm="a", scope="r:x:pull,push r:y:pull"'], [['bearer', { realm: 'a', scope: 'r:x:pull,push r:y:pull' }]]],
  [
    ['Negotiate, Basic realm="a" , Bearer realm = "b"'],
    [
      ['negotiate', {}],
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b' }],
    ],
  ],
  [
    ['Basic realm="a"', 'Bearer realm="b"'],
    [
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b' }],
    ],
  ],
  [['Basic realm="unterminated'], [['basic', {}]]],
  [[''], []],
  [['=,="'], []],
] as const) {
  test(`parseChallenges(): ${lines.join(' | ')}`, () => {
    assert.deepEqual(
      parseChallenges(lines).map(({ scheme, parameters }) => [scheme, { ...parameters }]),
      wanted,
    )
  })
}

test('mergeScopes(): every resource once, with the actions of both', () => {
  assert.equal(mergeScopes('repository:a:pull', undefined), 'repository:a:pull')
  assert.equal(
    mergeScopes('repository:a:pull', 'repository:a:pull,push repository:h:5/b:pull'),
    'repository:a:pull,push repository:h:5/b:pull',
  )
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

for (const [name, auths, host, wanted] of [
  ['plain', { 'r.io': { auth: base64('u:p:w') } }, 'r.io', { username: 'u', password: 'p:w' }],
  ['with scheme and /v1/', { 'https://r.io/v1/': { auth: base64('u:p') } }, 'r.io', { username: 'u', password: 'p' }],
  ['with a port', { 'localhost:5000': { auth: base64('u:p') } }, 'localhost:5000', { username: 'u', password: 'p' }],
  ['another port', { 'localhost:5000': { auth: base64('u:p') } }, 'localhost:5001', undefined],
  ['Docker Hub', { 'https://index.docker.io/v1/': { auth: base64('u:p') } }, 'docker.io', { username: 'u', password: 'p' }],
  [
    'bare host wins',
    { 'r.io': { auth: base64('u:1') }, 'https://r.io': { auth: base64('u:2') } },
    'r.io',
    { username: 'u', password: '1' },
  ],
  ['identity token', { 'r.io': { auth: base64('u:'), identitytoken: 't' } }, 'r.io', { identityToken: 't' }],
  ['registry token', { 'r.io': { registrytoken: 't' } }, 'r.io', { registryToken: 't' }],
  ['kept by a helper', { 'r.io': {} }, 'r.io', undefined],
  ['zero bytes', { 'r.io': { auth: base64('u:p\0\0') } }, 'r.io', { username: 'u', password: 'p' }],
  ['a part of a host', { 'r.io/team': { auth: base64('u:p') } }, 'r.io', undefined],
] as const) {
  test(`dockerCredentials(): ${name}`, () => assert.deepEqual(dockerCredentials(JSON.stringify({ auths }))(host), wanted))
}

for (const text of ['', 'x', '[]', '{"auths":[]}', '{"auths":{"r.io":"x"}}', `{"auths":{"r.io":{"auth":"${base64('nocolon')}"}}}`]) {
  test(`dockerCredentials(): refuses ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => dockerCredentials(text),
      (error) => codeOf(error) === 'CREDENTIALS_INVALID',
    ))
}

interface TokenServer {
  readonly registry: FakeRegistry
  readonly host: string
  readonly tokens: Seen[]
  readonly forms: string[]
  realm: string
  /** What a token is answered with. */
  answer: (seen: Seen, response: ServerResponse) => void
}

/** A registry that wants `Bearer good-N`, N the number of tokens given so far, and its token server on another host. */
async function withTokens(t: TestContext): Promise<TokenServer> {
  const tokens: Seen[] = []
  const forms: string[] = []
  const server = await fakeRegistry(t, async (request, response, seen) => {
    tokens.push(seen)
    if (seen.method === 'POST') forms.push((await bodyOf(request)).toString())
    state.answer(seen, response)
    return true
  })
  const registry = await fakeRegistry(t, (_, response, { authorization, path }) => {
    if (!path.startsWith('/v2/')) return false
    if (authorization === `Bearer good-${tokens.length}`) return false
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${state.realm}",service="s, t",scope="repository:a/b:pull"` }).end()
    return true
  })
  const state: TokenServer = {
    registry,
    host: registry.host,
    tokens,
    forms,
    realm: `http://${server.host}/token`,
    answer: (_, response) => void response.end(JSON.stringify({ token: `good-${tokens.length}`, expires_in: 300 })),
  }
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, config: { mediaType: MediaType.ociConfig, digest: digestOf('{}'), size: 2 }, layers: [] }),
  )
  registry.manifests.set('1', { type: MediaType.ociManifest, bytes }).set(digestOf(bytes), { type: MediaType.ociManifest, bytes })
  return state
}

async function outcome(host: string, credentials?: Credentials, options: RegistryOptions = {}): Promise<string> {
  await using source = registrySource(parseReference(`${host}/a/b:1`), {
    retries: { attempts: 1 },
    credentialsFor: () => credentials,
    ...options,
  })
  try {
    await source.readManifest(await source.resolve())
    return 'ok'
  } catch (error) {
    return codeOf(error) ?? String(error)
  }
}

const USER = { username: 'u', password: 'p' } as const
const BASIC = `Basic ${base64('u:p')}`

test('Bearer, nobody known: one token for all requests, scope and service passed on', async (t) => {
  const state = await withTokens(t)
  assert.equal(await outcome(state.host), 'ok')
  assert.equal(state.tokens.length, 1)
  const { searchParams } = new URL(state.tokens[0]?.path ?? '', 'http://x')
  assert.deepEqual(
    [searchParams.get('service'), searchParams.getAll('scope'), state.tokens[0]?.authorization],
    ['s, t', ['repository:a/b:pull'], undefined],
  )
})

test('Bearer with a password: it goes to the token server, the registry sees only the token', async (t) => {
  const state = await withTokens(t)
  assert.equal(await outcome(state.host, USER), 'ok')
  assert.equal(state.tokens[0]?.authorization, BASIC)
  assert.ok(state.registry.seen.every(({ authorization }) => authorization === undefined || authorization === 'Bearer good-1'))
})

test('Bearer: a sink asks for pull and push at once, though the challenge speaks of pull', async (t) => {
  const state = await withTokens(t)
  await using sink = registrySink(parseReference(`${state.host}/a/b:1`), {})
  await sink.hasBlob({ mediaType: '', digest: digestOf('') as never, size: 0 }, { kind: 'config' })
  assert.equal(new URL(state.tokens[0]?.path ?? '', 'http://x').searchParams.get('scope'), 'repository:a/b:pull,push')
})

test('Bearer with an identity token: POST', async (t) => {
  const state = await withTokens(t)
  assert.equal(await outcome(state.host, { identityToken: 'it' }), 'ok')
  assert.deepEqual(
    state.tokens.map(({ method }) => method),
    ['POST'],
  )
  const form = new URLSearchParams(state.forms[0])
  assert.deepEqual([form.get('grant_type'), form.get('refresh_token'), form.get('scope')], ['refresh_token', 'it', 'repository:a/b:pull'])
})

for (const status of [404, 405]) {
  test(`Bearer with an identity token: GET where POST is answered with ${status}`, async (t) => {
    const state = await withTokens(t)
    state.answer = ({ method }, response): void => {
      if (method === 'POST') response.writeHead(status).end()
      else response.end(JSON.stringify({ access_token: `good-${state.tokens.length}` }))
    }
    assert.equal(await outcome(state.host, { identityToken: 'it' }), 'ok')
    assert.deepEqual(
      state.tokens.map(({ method }) => method),
      ['POST', 'GET'],
    )
  })
}

test('a registry token is used as it is', async (t) => {
  const state = await withTokens(t)
  assert.equal(await outcome(state.host, { registryToken: 'good-0' }), 'ok')
  assert.equal(await outcome(state.host, { registryToken: 'bad' }), 'UNAUTHORIZED')
  assert.equal(state.tokens.length, 0)
})

test('a token that is refused, or about to expire, is renewed in the middle', async (t) => {
  const state = await withTokens(t)
  await using source = registrySource(parseReference(`${state.host}/a/b:1`), {})
  const descriptor = await source.resolve()
  state.tokens.push({ method: '', path: '', authorization: undefined, range: undefined })
  await source.readManifest(descriptor)
  assert.equal(state.tokens.length, 3)
  state.answer = (_, response): void => void response.end(JSON.stringify({ token: `good-${state.tokens.length}`, expires_in: 0.001 }))
  state.tokens.push({ method: '', path: '', authorization: undefined, range: undefined })
  await source.readManifest(descriptor)
  const refused = state.registry.seen.length
  await new Promise((resolve) => setTimeout(resolve, 5))
  await source.readManifest(descriptor)
  assert.equal(state.registry.seen.length, refused + 1, 'renewed before it was refused')
})

test('stale credentials do not keep anybody from what is public, but from pushing', async (t) => {
  const state = await withTokens(t)
  state.answer = ({ authorization }, response): void =>
    void (authorization === undefined
      ? response.end(JSON.stringify({ token: `good-${state.tokens.length}` }))
      : response.writeHead(401).end())
  assert.equal(await outcome(state.host, USER), 'ok')
  await using sink = registrySink(parseReference(`${state.host}/a/b:1`), { credentialsFor: () => USER })
  await assert.rejects(
    sink.hasManifest({ mediaType: '', digest: digestOf('') as never, size: 0 }),
    (error) => codeOf(error) === 'UNAUTHORIZED',
  )
})

for (const { name, answer, code } of [
  { name: '401', answer: (response) => response.writeHead(401).end('{"details":"no"}'), code: 'UNAUTHORIZED' },
  { name: '403', answer: (response) => response.writeHead(403).end(), code: 'DENIED' },
  { name: '500', answer: (response) => response.writeHead(500).end(), code: 'SERVER_ERROR' },
  { name: '429', answer: (response) => response.writeHead(429).end(), code: 'RATE_LIMITED' },
  { name: '404', answer: (response) => response.writeHead(404).end(), code: 'PROTOCOL' },
  { name: 'no JSON', answer: (response) => response.end('<html>'), code: 'PROTOCOL' },
  { name: 'no token', answer: (response) => response.end('{}'), code: 'PROTOCOL' },
  { name: 'a token with a line break', answer: (response) => response.end('{"token":"a\\r\\nx: y"}'), code: 'PROTOCOL' },
  { name: '2 MiB', answer: (response) => response.end(`{"token":"${'x'.repeat(2 << 20)}"}`), code: 'PROTOCOL' },
  { name: 'a token that is refused', answer: (response) => response.end('{"token":"bad"}'), code: 'UNAUTHORIZED' },
] as readonly { name: string; answer: (response: ServerResponse) => void; code: string }[]) {
  test(`a token server that answers with ${name} is ${code}`, async (t) => {
    const state = await withTokens(t)
    state.answer = (_, response): void => answer(response)
    assert.equal(await outcome(state.host), code)
  })
}

for (const realm of [
  'http://169.254.169.254/latest/meta-data',
  'http://[fe80::1]/x',
  'http://[::ffff:169.254.169.254]/x',
  'http://2852039166/x',
  'http://metadata.google.internal/x',
  'file:///etc/passwd',
  'http://u:p@127.0.0.1/x',
  'nonsense',
]) {
  test(`a token server at ${realm} is not asked`, async (t) => {
    const state = await withTokens(t)
    state.realm = realm
    assert.equal(await outcome(state.host, USER), 'PROTOCOL')
  })
}

test('Basic: only after it was asked for; wrong credentials are not tried twice', async (t) => {
  const registry = await fakeRegistry(t, (_, response, { authorization }) => {
    if (authorization === BASIC) return false
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r, s"' }).end()
    return true
  })
  assert.equal(await outcome(registry.host, USER), 'MANIFEST_UNKNOWN')
  assert.deepEqual(
    registry.seen.map(({ authorization }) => authorization),
    [undefined, BASIC, BASIC],
  )
  registry.seen.length = 0
  assert.equal(await outcome(registry.host, { username: 'u', password: 'wrong' }), 'UNAUTHORIZED')
  assert.equal(registry.seen.length, 2)
  assert.equal(await outcome(registry.host), 'UNAUTHORIZED')
})

test('no credentials of ours reach another host: redirects, upload Locations', async (t) => {
  const other = await fakeRegistry(t)
  const blob = Buffer.from('blob')
  const descriptor = { mediaType: '', digest: digestOf(blob) as never, size: blob.length }
  const registry = await fakeRegistry(t, (_, response, { authorization, method, path }) => {
    if (authorization !== BASIC) response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
    else if (method === 'POST') response.writeHead(202, { location: `http://${other.host}/upload/1` }).end()
    else response.writeHead(307, { location: `http://${other.host}${path}` }).end()
    return true
  })
  const options = { credentialsFor: () => USER, retries: { attempts: 1 } }
  const reference = parseReference(`${registry.host}/a/b:1`)
  await using sink = registrySink(reference, options)
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield blob
  }
  await sink.putBlob(descriptor, { kind: 'config' }, () => Promise.resolve(bytes()))
  await using source = registrySource(reference, options)
  for await (const piece of await source.openBlob(descriptor)) assert.ok(blob.equals(piece))
  assert.deepEqual(
    other.seen.map(({ method, authorization }) => [method, authorization]),
    [
      ['PUT', undefined],
      ['GET', undefined],
    ],
  )
})
