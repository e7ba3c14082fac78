import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { sandbox } from '../support/lamina.ts'

test('serve: ready in under a second, stops on SIGTERM, shows no local image', async (t) => {
  const box = await sandbox(t)
  const address = await box.serve()
  const ping = await fetch(`http://${address}/v2/`)
  assert.equal(ping.status, 200)
  const catalog = (await (await fetch(`http://${address}/v2/_catalog`)).json()) as { repositories: string[] }
  assert.deepEqual(catalog.repositories, [])
})

test('serve: an address in use, and bad addresses, are named', async (t) => {
  const box = await sandbox(t)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const used = await box.run(['serve', '--listen', `127.0.0.1:${port}`])
  assert.equal(used.code, 1)
  assert.match(used.stderr, /in use/)
  for (const listen of ['nonsense', '127.0.0.1:99999', '127.0.0.1']) {
    const bad = await box.run(['serve', '--listen', listen])
    assert.equal(bad.code, 1)
    assert.match(bad.stderr, /HOST:PORT/)
  }
})
