import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { codeOf } from '../../../kit/mod.ts'
import { parseReference } from '../../../oci/mod.ts'
import { registrySource, type RegistryOptions } from '../mod.ts'

interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Self-signed, for `name`. */
function certificate(t: TestContext, name: string): Certificate | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'lamina-tls-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const files = ['-keyout', join(directory, 'key'), '-out', join(directory, 'cert')]
  const options = ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2', '-subj', '/CN=test']
  const { status } = spawnSync('openssl', [...options, '-addext', `subjectAltName=${name}`, ...files])
  if (status === 0) return { key: readFileSync(join(directory, 'key'), 'utf8'), cert: readFileSync(join(directory, 'cert'), 'utf8') }
  t.skip('needs openssl')
  return undefined
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function outcome(host: string, options: RegistryOptions): Promise<string> {
  await using source = registrySource(parseReference(`${host}/a/b:1`), { retries: { attempts: 1 }, ...options })
  return source.resolve().then(
    () => 'ok',
    (error: unknown) => codeOf(error) ?? String(error),
  )
}

test('a registry with TLS: trusted by --ca only, under its own name only; plain http to it is no bug', async (t) => {
  const good = certificate(t, 'DNS:localhost')
  const other = certificate(t, 'DNS:elsewhere.example')
  if (good === undefined || other === undefined) return
  const port = await listen(
    t,
    createServer(good, (_, response) => response.writeHead(404).end()),
  )
  const strange = await listen(
    t,
    createServer(other, (_, response) => response.end()),
  )
  assert.equal(await outcome(`localhost:${port}`, { ca: good.cert }), 'MANIFEST_UNKNOWN')
  assert.equal(await outcome(`registry.localhost:${port}`, { ca: good.cert }), 'TLS')
  assert.equal(await outcome(`localhost:${port}`, { ca: other.cert }), 'TLS')
  assert.equal(await outcome(`localhost:${strange}`, { ca: other.cert }), 'TLS')
  assert.ok(['UNREACHABLE', 'PROTOCOL', 'TRUNCATED'].includes(await outcome(`localhost:${port}`, {})))
})

test('a registry without TLS where TLS is wanted', async (t) => {
  const good = certificate(t, 'DNS:localhost')
  if (good === undefined) return
  const port = await listen(
    t,
    createPlainServer((_, response) => response.writeHead(404).end()),
  )
  assert.equal(await outcome(`localhost:${port}`, { ca: good.cert }), 'TLS')
  assert.equal(await outcome(`localhost:${port}`, {}), 'MANIFEST_UNKNOWN')
  assert.equal(await outcome(`registry.localhost:${port}`, {}), 'MANIFEST_UNKNOWN')
})
