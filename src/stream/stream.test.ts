import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { codeOf } from '../kit/mod.ts'
import {
  decompress,
  digestBytes,
  digestStream,
  gzip,
  limitSize,
  readAll,
  rechunk,
  sniffCompression,
  streamOf,
  verify,
  zstd,
} from './mod.ts'

const big = Buffer.concat([randomBytes(300_000), Buffer.alloc(5_000_000, 'the same words again '), randomBytes(1_500_001)])
const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
const bytesOf = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => Buffer.from(await readAll(source, 1e9))
const outcome = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
  try {
    await bytesOf(source)
    return 'ok'
  } catch (error) {
    return codeOf(error) ?? String(error)
  }
}

const hello = Buffer.from('hello')
for (const { name, pieces, size, code } of [
  { name: 'exact content, any chunking', pieces: ['he', 'llo'], size: 5, code: 'ok' },
  { name: 'one byte long', pieces: ['hello', '!'], size: 5, code: 'SIZE_INVALID' },
  { name: 'one byte short', pieces: ['hell'], size: 5, code: 'SIZE_INVALID' },
  { name: 'same size, other bytes', pieces: ['jello'], size: 5, code: 'DIGEST_INVALID' },
  { name: 'nothing', pieces: [], size: 5, code: 'SIZE_INVALID' },
]) {
  test(`verify(): ${name}`, async () =>
    assert.equal(await outcome(verify(streamOf(...pieces.map((piece) => Buffer.from(piece))), { digest: digestBytes(hello), size })), code))
}

test('gzip: gzip itself reads it back, whatever the chunking, always the same bytes', async () => {
  const outputs = await Promise.all([1000, 65_537, 1 << 20, big.length].map((size) => bytesOf(gzip(streamOf(...cut(big, size))))))
  for (const output of outputs) assert.ok(output.equals(outputs[0] as Buffer))
  assert.ok(execFileSync('gzip', ['-dc'], { input: outputs[0], maxBuffer: 1e8 }).equals(big))
  const reference = execFileSync('gzip', ['-6', '-n'], { input: big, maxBuffer: 1e8 })
  assert.ok((outputs[0] as Buffer).length <= reference.length * 1.03)
})

test('gzip of nothing and of exactly one block', async () => {
  for (const bytes of [Buffer.alloc(0), randomBytes(1 << 20), randomBytes(2 << 20)]) {
    assert.ok((await bytesOf(decompress(gzip(streamOf(bytes))))).equals(bytes))
    assert.equal(spawnSync('gzip', ['-t'], { input: await bytesOf(gzip(streamOf(bytes))) }).status, 0)
  }
})

test('decompress tells gzip, zstd and plain apart, in any chunking', async () => {
  const members = Buffer.concat([gzipSync(big.subarray(0, 1000)), gzipSync(big.subarray(1000))])
  for (const bytes of [gzipSync(big), members, zstdCompressSync(big), big]) {
    for (const size of [1, 7, 1 << 20]) {
      if (bytes.length / size > 50_000) continue
      assert.ok((await bytesOf(decompress(streamOf(...cut(bytes, size))))).equals(big))
    }
  }
  assert.equal((await bytesOf(decompress(streamOf()))).length, 0)
  assert.ok((await bytesOf(decompress(zstd(streamOf(big))))).equals(big))
  assert.equal(sniffCompression(Buffer.from('x')), 'none')
})

for (const { name, bytes, code } of [
  { name: 'a truncated gzip', bytes: gzipSync(big).subarray(0, -9), code: 'TRUNCATED' },
  {
    name: 'a gzip with a flipped byte',
    bytes: Buffer.from(gzipSync(big).map((byte, i) => (i === 5000 ? byte ^ 255 : byte))),
    code: 'COMPRESSION_INVALID',
  },
  { name: 'a truncated zstd', bytes: zstdCompressSync(big).subarray(0, -9), code: 'TRUNCATED' },
]) {
  test(`decompress: ${name}`, async () => assert.equal(await outcome(decompress(streamOf(bytes))), code))
}

test('an error of the source comes through', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(big).subarray(0, 1000)
    throw Object.assign(new Error('broken'), { code: 'MY_CODE' })
  }
  assert.equal(await outcome(decompress(failing())), 'MY_CODE')
})

test('limitSize and rechunk', async () => {
  assert.equal(await outcome(limitSize(streamOf(hello), 4)), 'TOO_LARGE')
  const sizes: number[] = []
  for await (const piece of rechunk(streamOf(...cut(big, 77_777)), 1 << 20)) sizes.push(piece.length)
  assert.deepEqual(
    sizes.slice(0, -1),
    sizes.slice(0, -1).map(() => 1 << 20),
  )
  assert.equal(
    sizes.reduce((a, b) => a + b),
    big.length,
  )
  assert.deepEqual(await digestStream(streamOf(hello)), { digest: digestBytes(hello), size: 5 })
})
