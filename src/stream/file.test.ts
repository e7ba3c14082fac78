import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { codeOf } from '../kit/mod.ts'
import { fileStream, PIECE, readAll, streamOf, writeFileFrom } from './mod.ts'

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'lamina-stream-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

test('fileStream(): the whole, a range, past the end; in 1 MiB pieces', async (t) => {
  const path = join(await directory(t), 'file')
  const bytes = randomBytes(2.5 * PIECE)
  await writeFile(path, bytes)
  const sizes: number[] = []
  for await (const piece of fileStream(path)) sizes.push(piece.length)
  assert.deepEqual(sizes, [PIECE, PIECE, PIECE / 2])
  for (const [start, end] of [
    [0, undefined],
    [100, undefined],
    [PIECE - 1, 2 * PIECE + 1],
    [5, 5],
    [0, 1e9],
    [1e9, undefined],
  ] as const) {
    assert.ok(Buffer.from(await readAll(fileStream(path, { start, end }), 1e8)).equals(bytes.subarray(start, end)), `${start}-${end}`)
  }
})

test('fileStream(): absent, aborted, stopped early', async (t) => {
  const path = join(await directory(t), 'file')
  await assert.rejects(readAll(fileStream(path), 10), (error) => codeOf(error) === 'ENOENT')
  await writeFile(path, randomBytes(3 * PIECE))
  const abort = new AbortController()
  const reason = new Error('enough')
  await assert.rejects(
    async () => {
      for await (const _ of fileStream(path, { signal: abort.signal })) abort.abort(reason)
    },
    (error) => error === reason,
  )
  // A handle that is left open would be closed by the garbage collector, with a warning.
  const before = readdirSync('/proc/self/fd').length
  for await (const _ of fileStream(path)) break
  assert.equal(readdirSync('/proc/self/fd').length, before)
})

test('writeFileFrom(): new, appended, and what came before a failure', async (t) => {
  const path = join(await directory(t), 'file')
  const seen: number[] = []
  assert.equal(
    await writeFileFrom(path, streamOf(Buffer.from('one'), Buffer.from('two')), { flush: true, onBytes: (n) => seen.push(n) }),
    6,
  )
  assert.deepEqual(seen, [3, 6])
  assert.equal(await writeFileFrom(path, streamOf(Buffer.from('three')), { append: true }), 5)
  assert.equal(await readFile(path, 'utf8'), 'onetwothree')
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('kept')
    throw new Error('broken')
  }
  await assert.rejects(writeFileFrom(path, failing()), /broken/)
  assert.equal(await readFile(path, 'utf8'), 'kept')
})
