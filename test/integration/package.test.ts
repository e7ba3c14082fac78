import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { execute, sandbox } from '../support/lamina.ts'

const ROOT = join(import.meta.dirname, '../..')

test('npm pack, install elsewhere, run', { timeout: 300_000 }, async (t) => {
  const box = await sandbox(t)
  const packed = await execute('npm', ['pack', '--pack-destination', box.path], { cwd: ROOT, timeout: 120_000 })
  assert.equal(packed.code, 0, packed.stderr)
  const tarball = (await readdir(box.path)).find((name) => name.endsWith('.tgz')) as string
  const listing = (await execute('tar', ['-tzf', join(box.path, tarball)])).stdout.split('\n')
  for (const file of ['package/bin/lamina', 'package/dist/main.js', 'package/LICENSE', 'package/README.md'])
    assert.ok(listing.includes(file), file)
  assert.deepEqual(
    listing.filter((file) => /package\/(src|test|bench|scripts|\.ci)\//.test(file)),
    [],
  )

  await writeFile(join(box.path, 'package.json'), '{"private":true}')
  const installed = await execute('npm', ['install', '--no-audit', '--no-fund', join(box.path, tarball)], {
    cwd: box.path,
    timeout: 240_000,
  })
  assert.equal(installed.code, 0, installed.stderr)
  const lamina = join(box.path, 'node_modules/.bin/lamina')
  assert.match((await execute(lamina, ['--version'])).stdout, /^lamina \d+\.\d+\.\d+\n$/)
  assert.equal((await execute(lamina, ['images', '-q'], { cwd: '/', env: { LAMINA_ROOT: box.root } })).code, 0)

  const script = `import { parseReference, formatReference } from 'lamina/oci'; console.log(formatReference(parseReference('alpine')))`
  await writeFile(join(box.path, 'use.mjs'), script)
  const node = join(box.path, 'node_modules/.bin/node')
  assert.equal((await execute(node, ['use.mjs'], { cwd: box.path })).stdout, 'docker.io/library/alpine:latest\n')
})
