import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decompress, digestStream, gunzip, gzip, readAll, streamOf, unzstd, zstd } from './mod.ts'

const MIB = 1 << 20
const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
const bytesOf = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.from(await readAll(source, 1e9))
const words = Buffer.concat([Buffer.alloc(2_500_000, 'the same words again '), randomBytes(700_000), Buffer.alloc(MIB)])

test('gzip: sizes around a block, in random cuts, come back, and always from the same bytes', async () => {
  const sizes = fc.constantFrom(0, 1, 32_767, 32_768, 32_769, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 7)
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1000, max: 3 * MIB }), async (size, piece) => {
      const bytes = words.subarray(words.length - size)
      const packed = await bytesOf(gzip(streamOf(...cut(bytes, piece))))
      assert.ok(gunzipSync(packed).equals(bytes))
      assert.ok(packed.equals(await bytesOf(gzip(streamOf(bytes)))))
    }),
    { numRuns: 12 },
  )
})

test('gzip: no time, no name, one member that is not followed by anything', async () => {
  const packed = await bytesOf(gzip(streamOf(words)))
  assert.deepEqual([...packed.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
  assert.equal(packed.readUInt32LE(packed.length - 4), words.length)
  if (spawnSync('gzip', ['-V']).status === 0) assert.equal(spawnSync('gzip', ['-t'], { input: packed }).status, 0)
})

test('gzip: several streams at once share the threads; one that is abandoned harms none', async () => {
  const abandoned = gzip(streamOf(words))
  await abandoned.next()
  await abandoned.next()
  await abandoned.return(undefined)
  const results = await Promise.all([1, 2, 3].map((level) => bytesOf(gzip(streamOf(words), { level }))))
  for (const packed of results) assert.ok(gunzipSync(packed).equals(words))
})

test('gzip: an error of the source and an abort come through, and the pool lives on', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield words
    throw new Error('broken')
  }
  await assert.rejects(bytesOf(gzip(failing())), /broken/)
  const reason = new Error('enough')
  await assert.rejects(bytesOf(gzip(streamOf(words), { signal: AbortSignal.abort(reason) })), (error) => error === reason)
  await assert.rejects(bytesOf(gzip(streamOf(words), { level: 99 })))
  assert.ok(gunzipSync(await bytesOf(gzip(streamOf(words)))).equals(words))
})

test('gzip: keeps the process alive until it is done, and not any longer', { timeout: 20_000 }, () => {
  const program = `
    import { gzip, streamOf, digestStream } from ${JSON.stringify(new URL('./mod.ts', import.meta.url).href)}
    const { size } = await digestStream(gzip(streamOf(Buffer.alloc(3_000_000))))
    process.stdout.write(String(size > 1000))
    setTimeout(() => process.exit(3), 1500).unref()`
  const started = performance.now()
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }), 'true')
  assert.ok(performance.now() - started < 15_000)
})

test('zstd: several frames, and what zstd itself makes', async (t) => {
  const frames = Buffer.concat([await bytesOf(zstd(streamOf(words))), await bytesOf(zstd(streamOf(Buffer.from('more'))))])
  assert.ok((await bytesOf(unzstd(streamOf(...cut(frames, 70_000))))).equals(Buffer.concat([words, Buffer.from('more')])))
  if (spawnSync('zstd', ['-V']).status !== 0) return t.skip('needs zstd')
  assert.ok(execFileSync('zstd', ['-dc'], { input: frames, maxBuffer: 1e8 }).subarray(0, words.length).equals(words))
  assert.ok((await bytesOf(decompress(streamOf(execFileSync('zstd', ['-c'], { input: words, maxBuffer: 1e8 }))))).equals(words))
})

test('decompress: stopping early closes the source', async () => {
  let closed = false
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      const packed = await bytesOf(gzip(streamOf(randomBytes(8 * MIB))))
      for (const piece of cut(packed, 100_000)) yield piece
    } finally {
      closed = true
    }
  }
  for await (const _ of decompress(source())) break
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.ok(closed)
})

test('gunzip: damage anywhere is an error of ours or leaves other bytes', async () => {
  const packed = await bytesOf(gzip(streamOf(words.subarray(2_400_000, 2_700_000))))
  const whole = await digestStream(gunzip(streamOf(packed)))
  await fc.assert(
    fc.asyncProperty(fc.nat(packed.length - 1), fc.boolean(), async (at, shorter) => {
      const bad = shorter ? packed.subarray(0, at) : Buffer.from(packed)
      if (!shorter) bad[at] = (bad[at] ?? 0) ^ 0x55
      try {
        // Header bytes that nobody reads may change.
        assert.deepEqual(await digestStream(gunzip(streamOf(bad))), whole)
      } catch (error) {
        assert.ok(['TRUNCATED', 'COMPRESSION_INVALID'].includes((error as { code: string }).code), String(error))
      }
    }),
    { numRuns: 40 },
  )
})
