import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { sandbox, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

const SITE = join(import.meta.dirname, '../../examples/site')

test('the site: build, cached build, push, pull, run, fetch a page', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  await box.ok(['import', '-c', 'CMD ["sh"]', await busyboxTar(), 'busybox'])
  const registry = await box.serve()
  const name = `${registry}/team/site:1.0`

  const id = await box.ok(['build', '-t', name, SITE])
  const again = await box.run(['build', '--progress', 'plain', '-t', name, SITE])
  assert.equal(again.stdout.trim(), id, 'a warm build gives the same image')
  assert.ok((again.stderr.match(/^#\d+ CACHED$/gm) ?? []).length >= 5, again.stderr)
  assert.doesNotMatch(again.stderr, /generated/)

  const pushed = await box.ok(['push', name])
  assert.match(pushed, new RegExp(`^${registry}/team/site:1.0@sha256:[0-9a-f]{64}$`))
  assert.equal(await box.ok(['push', name]), pushed)
  assert.match(await box.ok(['images', '--digests', `${registry}/team/site`]), new RegExp(pushed.split('@')[1] as string))

  const other = join(box.path, 'other')
  assert.equal(await box.ok(['--root', other, 'pull', name]), pushed)
  assert.equal(await box.ok(['pull', name, '--root', other]), pushed)
  assert.equal(await box.ok(['--root', other, 'images', '-q', '--no-trunc']), id)
  assert.deepEqual(await blobs(box, other, name), await blobs(box, box.root, name))

  const port = await freePort()
  const container = box.start(['--root', other, 'run', '--rm', '-e', `PORT=${port}`, name])
  const page = await fetchWhenUp(`http://127.0.0.1:${port}/layers.html`)
  assert.match(page, /Each layer is kept once/)
  container.kill('SIGTERM')
  const [code, signal] = (await once(container, 'close')) as [number | null, string | null]
  assert.deepEqual([code, signal], [143, null])
})

test('a changed page redoes only what depends on it', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  await box.ok(['import', await busyboxTar(), 'busybox'])
  const context = join(box.path, 'site')
  cpSync(SITE, context, { recursive: true })
  const first = await box.ok(['build', '-t', 'site', context])
  await appendFile(join(context, 'README.md'), 'ignored\n')
  assert.equal(await box.ok(['build', '-t', 'site', context]), first, 'an ignored file changes nothing')
  await appendFile(join(context, 'pages/layers.txt'), 'More.\n')
  const { stdout, stderr } = await box.run(['build', '--progress', 'plain', '-t', 'site', context])
  assert.notEqual(stdout.trim(), first)
  assert.match(stderr, /generated layers\.html/)
  const cached = stderr.match(/^#\d+ CACHED$/gm) ?? []
  assert.ok(cached.length >= 2, stderr)
})

async function blobs(box: Sandbox, root: string, name: string): Promise<unknown> {
  const [image] = JSON.parse(await box.ok(['--root', root, 'inspect', name])) as [{ Manifest: unknown; Layers: unknown }]
  return [image.Manifest, image.Layers]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function fetchWhenUp(url: string): Promise<string> {
  for (let i = 0; ; i++) {
    try {
      return await (await fetch(url)).text()
    } catch (error) {
      if (i >= 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
