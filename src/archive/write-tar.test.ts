import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTar } from './_fixtures.ts'
import { decodePath } from './path-text.ts'
import { readTar } from './read-tar.ts'
import type { NewTarEntry, TarEntry } from './tar-entry.ts'
import { TAR_TRAILER, tarHeader, tarPadding } from './tar-header.ts'
import { TarParser } from './tar-parser.ts'
import { writeTar } from './write-tar.ts'

/** A path as a Linux filesystem has it, short and long, of any bytes. */
const name = fc
  .oneof(
    { weight: 3, arbitrary: fc.string({ minLength: 1, maxLength: 12 }).map((text) => Buffer.from(text)) },
    fc.uint8Array({ minLength: 1, maxLength: 20 }),
    fc.integer({ min: 90, max: 260 }).map((length) => Buffer.alloc(length, 'n')),
  )
  .map((bytes) => decodePath(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const time = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 33 }).map((seconds) => BigInt(seconds) * 1_000_000_000n),
  fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n }),
)
const owner = fc.oneof(fc.nat(70_000), fc.integer({ min: 0, max: 0xffff_fffe }))
const device = fc.nat(2 ** 20 - 1)

const anyEntry: fc.Arbitrary<TarEntry> = fc
  .record({
    path,
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo'),
    mode: fc.nat(0o7777),
    uid: owner,
    gid: owner,
    uname: fc.constantFrom('', 'root', 'jürgen', 'x'.repeat(40)),
    gname: fc.constantFrom('', 'staff'),
    size: fc.nat(2000),
    mtimeNs: time,
    linkPath: path,
    devMajor: device,
    devMinor: device,
    xattrs: fc
      .uniqueArray(fc.tuple(fc.constantFrom('user.a', 'user.a=b%', 'security.capability', 'user.ü'), fc.uint8Array({ maxLength: 30 })), {
        selector: ([key]) => key,
        maxLength: 3,
      })
      .map((pairs) => new Map<string, Uint8Array>(pairs)),
  })
  .map((made) => ({
    ...made,
    path: made.type === 'directory' ? `${made.path}/` : made.path,
    size: made.type === 'file' ? made.size : 0,
    linkPath: made.type === 'symlink' || made.type === 'hardlink' ? made.linkPath : '',
    devMajor: made.type === 'character' || made.type === 'block' ? made.devMajor : 0,
    devMinor: made.type === 'character' || made.type === 'block' ? made.devMinor : 0,
  }))

function comparable(value: TarEntry): object {
  const xattrs = [...value.xattrs].map(([key, bytes]) => [key, Buffer.from(bytes).toString('hex')].join('='))
  return { ...value, xattrs: xattrs.toSorted() }
}

test('what tarHeader writes parses back equal', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 4 }), (entries) => {
      const parts = entries.flatMap((one) => [tarHeader(one), Buffer.alloc(one.size, 'd'), tarPadding(one.size)])
      const archive = Buffer.concat([...parts, TAR_TRAILER])
      assert.equal(archive.length % 512, 0)
      assert.deepEqual(parseTar(archive).entries.map(comparable), entries.map(comparable))
    }),
  )
})

const PLAIN: NewTarEntry = { path: 'name', type: 'file' }
for (const [what, given, blocks] of [
  ['a plain file', PLAIN, 1],
  ['100 bytes of name', { ...PLAIN, path: 'x'.repeat(100) }, 1],
  ['a name that splits', { ...PLAIN, path: `${'p'.repeat(150)}/${'n'.repeat(100)}` }, 1],
  ['a directory whose name splits', { path: `${'p'.repeat(150)}/${'n'.repeat(99)}`, type: 'directory' }, 1],
  ['a name that does not split', { ...PLAIN, path: `p/${'n'.repeat(101)}` }, 3],
  ['a name that is not ASCII', { ...PLAIN, path: 'é' }, 3],
  ['a long link', { path: 'l', type: 'symlink', linkPath: 'x'.repeat(101) }, 3],
  ['the largest owner of ustar', { ...PLAIN, uid: 2097151 }, 1],
  ['an owner past it', { ...PLAIN, gid: 2097152 }, 3],
  ['8 GiB less a byte', { ...PLAIN, size: 2 ** 33 - 1 }, 1],
  ['8 GiB', { ...PLAIN, size: 2 ** 33 }, 3],
  ['whole seconds', { ...PLAIN, mtimeNs: 1_700_000_000_000_000_000n }, 1],
  ['a fraction', { ...PLAIN, mtimeNs: 1_700_000_000_500_000_000n }, 3],
  ['1969', { ...PLAIN, mtimeNs: -1_000_000_000n }, 3],
  ['the last second of ustar', { ...PLAIN, mtimeNs: (2n ** 33n - 1n) * 1_000_000_000n }, 1],
  ['the next one', { ...PLAIN, mtimeNs: 2n ** 33n * 1_000_000_000n }, 3],
  ['an xattr', { ...PLAIN, xattrs: new Map([['user.a', Buffer.of(1)]]) }, 3],
] as const) {
  test(`tarHeader writes PAX only where it must: ${what}`, () => assert.equal(tarHeader(given).length, blocks * 512))
}

test('sizes past 8 GiB and times that no ustar has come back', () => {
  const given = { ...PLAIN, size: 2 ** 45 + 1, mtimeNs: -62_135_596_800_000_000_001n }
  const found: TarEntry[] = []
  const parser = new TarParser({ raw() {}, data() {}, endEntry() {}, entry: (one) => found.push(one) })
  parser.push(tarHeader(given))
  assert.equal(parser.skipPayload(), given.size)
  assert.partialDeepStrictEqual(found, [given])
})

for (const [what, given, code] of [
  ['a NUL', { ...PLAIN, path: 'a\0b' }, 'HEADER_INVALID'],
  ['a NUL in the link', { path: 'a', type: 'symlink', linkPath: '\0' }, 'HEADER_INVALID'],
  ['text that is no path', { ...PLAIN, path: '\ud800' }, 'PATH_INVALID'],
  ['a negative owner', { ...PLAIN, uid: -1 }, 'HEADER_INVALID'],
  ['half a byte', { ...PLAIN, size: 0.5 }, 'HEADER_INVALID'],
  ['a device number past ustar', { path: 'd', type: 'block', devMajor: 2 ** 21 }, 'HEADER_INVALID'],
] as const) {
  test(`tarHeader refuses ${what}`, () => assert.throws(() => tarHeader(given), { code }))
}

async function* streamOf(...pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const piece of stream) parts.push(piece.slice())
  return Buffer.concat(parts)
}

test('writeTar and readTar: entries and bodies go through, large and small, read or not', async () => {
  const bodies = [Buffer.alloc(0), Buffer.alloc(700, 'a'), Buffer.alloc(3_000_000, 'b'), Buffer.alloc(512, 'c')]
  const written = writeTar(bodies.map((body, i) => ({ entry: { path: `f${i}`, type: 'file', size: body.length }, body: streamOf(body) })))
  const pieces: Buffer[] = []
  for await (const piece of written) pieces.push(Buffer.from(piece))
  assert.ok(pieces.every(({ length }) => length > 0 && length < 4 << 20))

  for (const skip of [false, true]) {
    const got: [string, Buffer | undefined][] = []
    for await (const { entry, body } of readTar(streamOf(...pieces))) {
      got.push([entry.path, skip && entry.path !== 'f3' ? undefined : await gather(body)])
    }
    assert.deepEqual(
      got,
      bodies.map((body, i) => [`f${i}`, skip && i !== 3 ? undefined : body]),
    )
  }
})

test('readTar gives what came before the damage, then the error', async () => {
  const archive = Buffer.concat([tarHeader({ ...PLAIN, size: 3 }), Buffer.from('abc'), tarPadding(3), Buffer.alloc(512, 7)])
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const { entry, body } of readTar(streamOf(archive))) seen.push(entry.path, (await gather(body)).toString())
    },
    { code: 'CHECKSUM_INVALID' },
  )
  assert.deepEqual(seen, ['name', 'abc'])
})

test('readTar closes its source when its reader stops early', async () => {
  let isClosed = false
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.concat([tarHeader({ ...PLAIN, size: 512 }), Buffer.alloc(512)])
    } finally {
      isClosed = true
    }
  }
  for await (const { body } of readTar(source())) {
    assert.equal((await body[Symbol.asyncIterator]().next()).done, false)
    break
  }
  assert.ok(isClosed)
})

for (const [what, body] of [
  ['too short', Buffer.from('ab')],
  ['too long', Buffer.from('abcd')],
  ['missing', undefined],
] as const) {
  test(`writeTar refuses a body that is ${what}`, async () => {
    const one = { entry: { ...PLAIN, size: 3 }, body: body === undefined ? undefined : streamOf(body) }
    await assert.rejects(gather(writeTar([one])), { code: 'SIZE_MISMATCH' })
  })
}
