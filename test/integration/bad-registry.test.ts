import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { test, type TestContext } from 'node:test'
import { sandbox } from '../support/lamina.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** An image whose layer is `layer` whatever its descriptor says. */
function registryWith(layer: Buffer, claimed: { digest: string; size: number }): RequestListener {
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf('x')] } })
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...claimed }],
  })
  return (request, response) => {
    if (request.url?.includes('/manifests/') === true)
      return void response.writeHead(200, { 'content-type': MANIFEST, 'docker-content-digest': digestOf(manifest) }).end(manifest)
    if (request.url?.endsWith(digestOf(config)) === true) return void response.writeHead(200).end(config)
    response.writeHead(200, { 'content-length': String(claimed.size) })
    if (layer.length < claimed.size) return void response.write(layer, () => response.destroy())
    return void response.end(layer)
  }
}

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body)

const error = (code: string): string => JSON.stringify({ errors: [{ code, message: `told: ${code}` }] })

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

for (const { name, listener, says } of [
  {
    name: '401',
    listener: answer(401, error('UNAUTHORIZED'), { 'www-authenticate': 'Basic realm="r"' }),
    says: /credentials|log in|unauthori[sz]ed/i,
  },
  { name: '403', listener: answer(403, error('DENIED')), says: /denied|403/i },
  { name: '404', listener: answer(404, error('MANIFEST_UNKNOWN')), says: /not found|no such|unknown|404/i },
  { name: '429', listener: answer(429, error('TOOMANYREQUESTS'), { 'retry-after': '0' }), says: /429|too many|rate/i },
  { name: '500', listener: answer(500, 'oops'), says: /500/ },
  { name: 'a manifest that is not JSON', listener: answer(200, '<html>hello</html>', { 'content-type': MANIFEST }), says: /JSON/ },
  {
    name: 'a page of another server',
    listener: answer(200, '<html>hello</html>', { 'content-type': 'text/html' }),
    says: /html|manifest|JSON/i,
  },
  {
    name: 'a wrong digest',
    listener: registryWith(Buffer.from('other bytes'), { digest: digestOf('these bytes'), size: 11 }),
    says: /digest/i,
  },
  {
    name: 'a truncated body',
    listener: registryWith(Buffer.from('short'), { digest: digestOf('long'), size: 5000 }),
    says: /5000|broke|ended|truncated|short|closed/i,
  },
] as const) {
  test(`a registry that answers with ${name}`, { timeout: 120_000 }, async (t) => {
    const box = await sandbox(t)
    const host = await serve(t, listener)
    const { code, stdout, stderr } = await box.run(['pull', `${host}/a/b:1`])
    assert.equal(code, 1, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.match(stderr, new RegExp(host.replaceAll('.', '\\.')), 'the error names the registry')
    assert.doesNotMatch(stderr, /\n {4}at /)
    assert.equal(await box.ok(['images', '-q']), '')
    assert.match(await box.ok(['verify']), /no damage/)
  })
}

test('a registry that is down', { timeout: 120_000 }, async (t) => {
  const box = await sandbox(t)
  const { code, stderr } = await box.run(['pull', '127.0.0.1:9/a/b:1'])
  assert.equal(code, 1)
  assert.match(stderr, /127\.0\.0\.1:9/)
  assert.match(stderr, /refused|reach/i)
})
