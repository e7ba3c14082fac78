import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

test('import, images, history, inspect, tag, rmi, gc', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox'] })) return
  const tar = await busyboxTar()
  const box = await sandbox(t)

  const id = await box.ok(['import', '-c', 'CMD ["sh", "-c", "echo $HOME"]', '-c', 'ENV A=b', '-m', 'made for a test', tar, 'busybox:1'])
  assert.match(id, /^sha256:[0-9a-f]{64}$/)
  const images = (await box.ok(['images'])).split('\n')
  assert.match(images[0] ?? '', /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/)
  assert.match(images[1] ?? '', new RegExp(`^busybox +1 +${id.slice(7, 19)} +.* ago +[\\d.]+MB$`))
  assert.equal(images.length, 2)
  assert.equal(await box.ok(['images', '-q']), id.slice(7, 19))
  assert.equal(await box.ok(['images', '-q', '--no-trunc']), id)
  assert.match(await box.ok(['images', '--digests']), /busybox +1 +<none> /)
  assert.equal(await box.ok(['images', '-q', 'other']), '')

  const history = (await box.ok(['history', '--no-trunc', 'busybox:1'])).split('\n')
  assert.match(history[0] ?? '', /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$/)
  assert.match(history.at(-1) ?? '', /made for a test$/)

  const [inspected] = JSON.parse(await box.ok(['inspect', id.slice(7, 15)])) as [
    { Id: string; RepoTags: string[]; Config: { Cmd: string[]; Env: string[] }; RootFS: { Layers: string[] } },
  ]
  assert.equal(inspected.Id, id)
  assert.deepEqual(inspected.RepoTags, ['busybox:1'])
  assert.deepEqual(inspected.Config.Cmd, ['sh', '-c', 'echo $HOME'])
  assert.ok(inspected.Config.Env.includes('A=b'))
  assert.equal(inspected.RootFS.Layers.length, 1)

  const missing = await box.run(['inspect', 'nothing:here'])
  assert.deepEqual([missing.code, missing.stdout], [1, '[]\n'])
  assert.match(missing.stderr, /nothing:here/)

  await box.ok(['tag', 'busybox:1', 'example.com/team/box:two'])
  assert.equal((await box.ok(['images', '-q'])).split('\n').length, 1)
  assert.match(await box.ok(['images']), /example\.com\/team\/box +two/)
  assert.equal(await box.ok(['rmi', 'busybox:1']), 'Untagged: busybox:1')
  assert.equal(await box.ok(['rmi', 'example.com/team/box:two']), `Untagged: example.com/team/box:two\nDeleted: ${id}`)
  assert.equal((await box.run(['rmi', 'busybox:1'])).code, 1)
  assert.equal((await box.run(['rmi', '-f', 'busybox:1'])).code, 0)

  const dry = JSON.parse(await box.ok(['gc', '--dry-run', '--json'])) as { bytes: number }
  assert.ok(dry.bytes > 1e6)
  const freed = JSON.parse(await box.ok(['gc', '--json'])) as { bytes: number }
  assert.equal(freed.bytes, dry.bytes)
  assert.equal((JSON.parse(await box.ok(['gc', '--json'])) as { bytes: number }).bytes, 0)
  assert.match(await box.ok(['verify']), /no damage/)
})

test('import takes gzip and zstd, files and standard input, and gives the same layer', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox'] })) return
  const tar = await busyboxTar()
  const bytes = readFileSync(tar)
  const box = await sandbox(t)
  await writeFile(join(box.path, 'a.tgz'), gzipSync(bytes, { level: 1 }))
  await writeFile(join(box.path, 'a.tzst'), zstdCompressSync(bytes))
  await box.ok(['import', tar, 'a:plain'])
  await box.ok(['import', join(box.path, 'a.tgz'), 'a:gzip'])
  await box.ok(['import', join(box.path, 'a.tzst'), 'a:zstd'])
  await box.ok(['import', '--platform', 'linux/arm64', '-', 'a:stdin'], { input: bytes })
  const inspected = JSON.parse(await box.ok(['inspect', 'a:plain', 'a:gzip', 'a:zstd', 'a:stdin'])) as {
    RootFS: { Layers: string[] }
    Architecture: string
  }[]
  assert.equal(new Set(inspected.map((image) => image.RootFS.Layers[0])).size, 1)
  assert.equal(inspected[3]?.Architecture, 'arm64')
})

for (const { name, args, input, code, says } of [
  { name: 'junk', args: ['import', '-', 'a'], input: 'this is no tar at all, however long it may be'.repeat(30), code: 1, says: /tar/i },
  { name: 'nothing', args: ['import', '-', 'a'], input: '', code: 1, says: /empty|tar/i },
  { name: 'a missing file', args: ['import', '/nonexistent.tar', 'a'], input: '', code: 1, says: /nonexistent\.tar/ },
  { name: 'a bad name', args: ['import', '-', 'UPPER/Case'], input: '', code: 1, says: /lower/ },
  { name: 'a bad change', args: ['import', '-c', 'RUN x', '-', 'a'], input: '', code: 1, says: /RUN/ },
  { name: 'a missing argument', args: ['import'], input: '', code: 2, says: /missing required argument/ },
  { name: 'an unknown flag', args: ['import', '--nope', '-', 'a'], input: '', code: 2, says: /--nope/ },
  { name: 'an unknown command', args: ['biuld'], input: '', code: 2, says: /did you mean 'build'/ },
]) {
  test(`bad input: ${name}`, async (t) => {
    const box = await sandbox(t)
    const result = await box.run(args, { input })
    assert.equal(result.code, code, result.stderr)
    assert.match(result.stderr, says)
    assert.doesNotMatch(result.stderr, /\n {4}at /, 'no stack trace reaches a user')
    assert.equal(result.stdout, '')
  })
}

test('malformed references name the rule that they break', async (t) => {
  const box = await sandbox(t)
  for (const [name, says] of [
    ['https://example.com/a', /scheme/],
    ['foo/Bar', /lower/],
    ['alpine:.x', /tag/],
    ['alpine@sha256:abc', /64/],
    ['a//b', /component|empty|separator/],
    ['a'.repeat(300), /255|long/],
  ] as const) {
    const { code, stderr } = await box.run(['pull', name])
    assert.equal(code, 1, name)
    assert.match(stderr, says, name)
  }
})
