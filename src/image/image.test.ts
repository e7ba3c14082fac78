import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { copyImage, ociDirectorySink, ociDirectorySource, randomImage, readArchive, writeArchive } from './mod.ts'
import { imageContract } from './contract-suite.ts'

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'lamina-image-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

imageContract('OCI directory', async (t) => {
  const path = directory(t)
  return { sink: (name) => ociDirectorySink(path, name), source: (name) => ociDirectorySource(path, name) }
})

imageContract('archive', async (t) => {
  const path = directory(t)
  const readers: AsyncDisposable[] = []
  t.after(async () => {
    for (const reader of readers) await reader[Symbol.asyncDispose]()
  })
  return {
    async sink(name) {
      const writer = writeArchive(join(path, `${name}.tar`))
      const sink = writer.sink([`${name}:latest`])
      return {
        ...sink,
        async finish(root) {
          await sink.finish(root)
          writer.finish()
        },
        [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
      }
    },
    async source(name) {
      const reader = await readArchive(join(path, `${name}.tar`), { temporary: path })
      readers.push(reader)
      const image = reader.images.find(({ names }) => names.includes(`${name}:latest`))
      if (image === undefined) throw new Error(`no image ${name}`)
      return image.source
    },
  }
})

test('an archive holds several images and their shared blobs once', async (t) => {
  const path = join(directory(t), 'two.tar')
  const [first, second] = [randomImage(), randomImage()]
  {
    await using writer = writeArchive(path)
    await copyImage(first, writer.sink(['a:1', 'a:2']))
    await copyImage(second, writer.sink(['b:1']))
    writer.finish()
  }
  await using reader = await readArchive(path, { temporary: tmpdir() })
  assert.deepEqual(
    reader.images.map(({ names }) => names),
    [['a:1', 'a:2'], ['b:1']],
  )
})

for (const [name, bytes] of [
  ['junk', Buffer.from('nothing that anybody would call a tar'.repeat(40))],
  ['an empty file', Buffer.alloc(0)],
  ['a tar without an image', Buffer.alloc(1024)],
] as const) {
  test(`readArchive refuses ${name}`, async (t) => {
    const path = join(directory(t), 'x.tar')
    writeFileSync(path, bytes)
    await assert.rejects(readArchive(path, { temporary: tmpdir() }), { code: 'ARCHIVE_INVALID' })
  })
}
