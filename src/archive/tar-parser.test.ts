import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { END, extension, padded, parseTar, pax, rawHeader, record, type RawHeader } from './_fixtures.ts'
import type { TarEntry } from './tar-entry.ts'
import { TarParser } from './tar-parser.ts'

/** The only entry of an archive made of these parts; every way of cutting it gives the same. */
function only(...parts: readonly Uint8Array[]): TarEntry {
  const archive = Buffer.concat([...parts, END])
  const whole = parseTar(archive)
  assert.equal(whole.entries.length, 1)
  assert.deepEqual(whole.all, archive)
  for (const size of [1, 7, 511, 512, 513]) assert.deepEqual(parseTar(archive, size), whole, `in pieces of ${size} bytes`)
  return whole.entries[0] as TarEntry
}

const base256 = (value: bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let rest = BigInt.asUintN(length * 8, value)
  for (let at = length - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n)
  bytes[0] = value < 0n ? 0xff : (bytes[0] ?? 0) | 0x80
  return bytes
}

const FIELDS: readonly (readonly [name: string, header: RawHeader, want: Partial<TarEntry>])[] = [
  ['a plain file', { mode: '0100755\0', uid: '0001750\0' }, { type: 'file', mode: 0o755, uid: 1000, path: 'name' }],
  ['setuid and sticky bits', { mode: '0007777\0' }, { mode: 0o7777 }],
  ['blanks around numbers', { mode: '   755 \0', uid: ' 12 \0\0\0\0', gid: '\0\0\0\0\0\0\0\0' }, { mode: 0o755, uid: 10, gid: 0 }],
  ['numbers that fill their field', { mtime: '777777777777' }, { mtimeNs: 68719476735_000000000n }],
  ['a name of 100 bytes without NUL', { name: 'x'.repeat(100) }, { path: 'x'.repeat(100) }],
  ['a prefix', { prefix: 'p'.repeat(155), name: 'n' }, { path: `${'p'.repeat(155)}/n` }],
  ['GNU has no prefix: times are there', { magic: 'ustar  \0', prefix: '14000000000\x0014000000000\0' }, { path: 'name' }],
  ['but old Go wrote one', { magic: 'ustar  \0', prefix: 'some/where' }, { path: 'some/where/name' }],
  ['V7 has neither prefix nor owners’ names', { magic: '', prefix: 'junk', devMajor: 'junk' }, { path: 'name', uname: '' }],
  ['a V7 directory', { magic: '', typeflag: '\0', name: 'd/' }, { type: 'directory', path: 'd/' }],
  ['a V7 file', { magic: '', typeflag: '\0' }, { type: 'file' }],
  ['type 7 is a file', { typeflag: '7' }, { type: 'file' }],
  ['a name that is no UTF-8', { name: Buffer.of(0x61, 0xff, 0xc3, 0x28) }, { path: 'a\udcff\udcc3(' }],
  ['a signed checksum', { name: Buffer.of(0xe9, 0xe8), signed: true }, { path: '\udce9\udce8' }],
  ['base-256 owners', { uid: base256(4294967294n, 8), gid: base256(3000000n, 8) }, { uid: 4294967294, gid: 3000000 }],
  ['base-256 times before 1970', { mtime: base256(-1n, 12) }, { mtimeNs: -1_000_000_000n }],
  ['base-256 times far away', { mtime: base256(8_589_934_592n, 12) }, { mtimeNs: 8589934592_000000000n }],
  ['a symlink with a size has no payload', { typeflag: '2', link: 'there', size: 1 }, { type: 'symlink', linkPath: 'there', size: 0 }],
  ['a hard link', { typeflag: '1', link: './name', size: 99 }, { type: 'hardlink', linkPath: './name', size: 0 }],
  ['devices', { typeflag: '3', devMajor: '0000010\0', devMinor: '0000377\0' }, { type: 'character', devMajor: 8, devMinor: 255 }],
  ['block devices', { typeflag: '4', devMajor: '0000007\0', devMinor: '0000001\0' }, { type: 'block', devMajor: 7, devMinor: 1 }],
  ['a fifo', { typeflag: '6' }, { type: 'fifo' }],
]
for (const [name, header, want] of FIELDS) {
  test(`header: ${name}`, () => assert.partialDeepStrictEqual(only(rawHeader(header)), want))
}

const FILE = rawHeader({})
const RECORDS: readonly (readonly [name: string, parts: readonly Uint8Array[], want: Partial<TarEntry>])[] = [
  ['path, linkpath', [pax({ path: 'é/ü', linkpath: 'z' }), rawHeader({ typeflag: '2', link: 'y' })], { path: 'é/ü', linkPath: 'z' }],
  ['numbers', [pax({ uid: '3000000', gid: '4294967294' }), FILE], { uid: 3000000, gid: 4294967294 }],
  ['names of owners', [pax({ uname: 'ü', gname: 'x'.repeat(40) }), FILE], { uname: 'ü', gname: 'x'.repeat(40) }],
  ['mtime with a fraction', [pax({ mtime: '1.123456789' }), FILE], { mtimeNs: 1_123_456_789n }],
  ['mtime before 1970', [pax({ mtime: '-1.5' }), FILE], { mtimeNs: -1_500_000_000n }],
  ['mtime -0.5', [pax({ mtime: '-0.5' }), FILE], { mtimeNs: -500_000_000n }],
  ['mtime finer than nanoseconds', [pax({ mtime: '1.0000000019' }), FILE], { mtimeNs: 1_000_000_001n }],
  ['mtime with a bare point', [pax({ mtime: '7.' }), FILE], { mtimeNs: 7_000_000_000n }],
  ['an empty record means the header’s', [pax({ path: '', mtime: '' }), FILE], { path: 'name', mtimeNs: 0n }],
  ['the last of equal keys', [extension('x', record('path', 'a') + record('path', 'b')), FILE], { path: 'b' }],
  ['NULs behind the records', [extension('x', `${record('path', 'a')}\0\0`), FILE], { path: 'a' }],
  ['a value with newlines', [pax({ path: 'a\n12 path=x\nb' }), FILE], { path: 'a\n12 path=x\nb' }],
  ['a second header replaces the first', [pax({ path: 'a', uid: '7' }), pax({ path: 'b' }), FILE], { path: 'b', uid: 0 }],
  ['global', [pax({ uid: '7', comment: 'x' }, 'g'), FILE], { uid: 7 }],
  ['local before global', [pax({ uid: '7' }, 'g'), pax({ uid: '8' }), FILE], { uid: 8 }],
  ['the last of two global', [pax({ uid: '7', gid: '5' }, 'g'), pax({ uid: '9' }, 'g'), FILE], { uid: 9, gid: 5 }],
  ['a global header between a local one and its entry', [pax({ path: 'a' }), pax({ uid: '7' }, 'g'), FILE], { path: 'a', uid: 7 }],
  [
    'GNU long name and link',
    [extension('L', `${'n'.repeat(300)}\0`), extension('K', 'l\0junk'), rawHeader({ typeflag: '2' })],
    { path: 'n'.repeat(300), linkPath: 'l' },
  ],
  ['GNU long name without NUL', [extension('L', 'n'), FILE], { path: 'n' }],
  ['an empty GNU long name', [extension('L', '\0'), FILE], { path: 'name' }],
  ['GNU long name wins over PAX, as in Go', [extension('L', 'gnu\0'), pax({ path: 'pax' }), FILE], { path: 'gnu' }],
]
for (const [name, parts, want] of RECORDS) {
  test(`extension: ${name}`, () => assert.partialDeepStrictEqual(only(...parts), want))
}

test('xattrs keep their bytes, empty ones too; GNU tar’s escapes and libarchive’s form are read', () => {
  const binary = Buffer.from([0, 10, 61, 255, 10])
  const key = 'SCHILY.xattr.security.capability='
  const raw = Buffer.concat([Buffer.from(`${key.length + binary.length + 4} ${key}`), binary, Buffer.from('\n')])
  const rest =
    record('SCHILY.xattr.user.a%3Db%25', 'x') + record('SCHILY.xattr.user.empty', '') + record('LIBARCHIVE.xattr.user.%C3%BC', 'aGk=')
  const { xattrs } = only(extension('x', Buffer.concat([raw, Buffer.from(rest)])), FILE)
  assert.deepEqual(
    new Map([...xattrs].map(([name, value]) => [name, Buffer.from(value)])),
    new Map([
      ['user.ü', Buffer.from('hi')],
      ['security.capability', binary],
      ['user.a=b%', Buffer.from('x')],
      ['user.empty', Buffer.alloc(0)],
    ]),
  )
})

const HOSTILE: readonly (readonly [name: string, code: string, ...parts: readonly Uint8Array[]])[] = [
  ['no tar', 'NOT_TAR', Buffer.from('junk'.repeat(300))],
  ['a wrong checksum', 'NOT_TAR', rawHeader({ checksum: '000001\0 ' })],
  ['a wrong checksum further on', 'CHECKSUM_INVALID', FILE, rawHeader({ checksum: '000001\0 ' })],
  ['a lone zero block with more behind it', 'HEADER_INVALID', Buffer.alloc(512), FILE],
  ['half a block', 'TRUNCATED', FILE, Buffer.alloc(100, 1)],
  ['payload cut', 'TRUNCATED', rawHeader({ size: 600 }), Buffer.alloc(512)],
  ['padding cut', 'TRUNCATED', rawHeader({ size: 5 }), Buffer.from('hello')],
  ['an extension cut', 'TRUNCATED', rawHeader({ typeflag: 'x', size: 600 }), Buffer.alloc(512, 0x31)],
  ['an extension without entry', 'TRUNCATED', pax({ path: 'a' })],
  ['an extension before the end', 'HEADER_INVALID', pax({ path: 'a' }), END],
  ['a size that is no number', 'HEADER_INVALID', rawHeader({ size: '00000000zzz\0' })],
  ['two numbers in one field', 'HEADER_INVALID', rawHeader({ size: '0000 000123\0' })],
  ['a negative size', 'HEADER_INVALID', rawHeader({ size: base256(-512n, 12) })],
  ['a size past 2^53', 'HEADER_INVALID', rawHeader({ size: base256(1n << 60n, 12) })],
  ['a negative size in PAX', 'HEADER_INVALID', pax({ size: '-1' }), FILE],
  ['a size in PAX that is none', 'HEADER_INVALID', pax({ size: '1e3' }), FILE],
  ['an endless size in PAX', 'HEADER_INVALID', pax({ size: '9'.repeat(30) }), FILE],
  ['user ID -1, which chown takes as "leave it"', 'HEADER_INVALID', pax({ uid: '4294967295' }), FILE],
  ['a negative user ID', 'HEADER_INVALID', rawHeader({ uid: base256(-2n, 8) })],
  ['mtime that is none', 'HEADER_INVALID', pax({ mtime: 'yesterday' }), FILE],
  ['mtime past 2^63', 'HEADER_INVALID', pax({ mtime: '9999999999999999999' }), FILE],
  ['a NUL in a path', 'HEADER_INVALID', pax({ path: 'a\0/../../etc' }), FILE],
  ['a NUL in a link', 'HEADER_INVALID', pax({ linkpath: 'a\0b' }), rawHeader({ typeflag: '2' })],
  ['a record without a length', 'HEADER_INVALID', extension('x', 'path=a\n'), FILE],
  ['a record longer than the header', 'HEADER_INVALID', extension('x', '99 path=a\n'), FILE],
  ['a record that is too short', 'HEADER_INVALID', extension('x', '3 path=a\n'), FILE],
  ['a record without newline', 'HEADER_INVALID', extension('x', '9 path=ab'), FILE],
  ['a record without key', 'HEADER_INVALID', extension('x', '5 =a\n'), FILE],
  ['a record without =', 'HEADER_INVALID', extension('x', '7 path\n'), FILE],
  ['a record with a signed length', 'HEADER_INVALID', extension('x', '+10 path=a\n'), FILE],
  ['a long name past the bound', 'TOO_LARGE', rawHeader({ typeflag: 'L', size: (1 << 20) + 1 })],
  ['a PAX header past the bound', 'TOO_LARGE', rawHeader({ typeflag: 'x', size: 2 ** 33 - 1 })],
  ['a GNU sparse file', 'SPARSE_UNSUPPORTED', rawHeader({ typeflag: 'S', magic: 'ustar  \0' })],
  ['PAX sparse 0.0', 'SPARSE_UNSUPPORTED', pax({ 'GNU.sparse.numblocks': '1' }), FILE],
  ['PAX sparse 0.1', 'SPARSE_UNSUPPORTED', pax({ 'GNU.sparse.map': '0,1' }), FILE],
  ['PAX sparse of another version', 'SPARSE_UNSUPPORTED', pax({ 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0' }), FILE],
]
for (const [name, code, ...parts] of HOSTILE) {
  test(`refused: ${name}`, () => {
    const archive = Buffer.concat(parts)
    for (const size of [archive.length, 1, 512, 1000]) assert.throws(() => parseTar(archive, size), { code }, `in pieces of ${size}`)
  })
}

test('a PAX size is the entry’s, not that of a header between them (CVE-2025-62518)', () => {
  // Readers that apply the size to the `L` header would take the hidden entry for an archive's own.
  const hidden = Buffer.concat([rawHeader({ name: 'hidden', size: 0 }), Buffer.alloc(512)])
  const archive = Buffer.concat([pax({ size: '1024' }), extension('L', 'long\0'), rawHeader({ size: 0 }), hidden, END])
  const { entries, payloads } = parseTar(archive)
  assert.deepEqual(
    entries.map(({ path, size }) => [path, size]),
    [['long', 1024]],
  )
  assert.deepEqual(payloads, [hidden])
})

test('a global header neither names nor sizes an entry', () => {
  const archive = Buffer.concat([
    pax({ size: '512', path: 'evil', linkpath: 'evil', 'GNU.sparse.major': '9' }, 'g'),
    rawHeader({ size: 0 }),
    END,
  ])
  assert.deepEqual(
    parseTar(archive).entries.map(({ path, size }) => [path, size]),
    [['name', 0]],
  )
})

test('a global header counts for every entry after it, and leaves the archive whole', () => {
  const archive = Buffer.concat([FILE, pax({ uid: '7' }, 'g'), FILE, FILE])
  assert.deepEqual(
    parseTar(archive).entries.map(({ uid }) => uid),
    [0, 7, 7],
  )
  assert.deepEqual(parseTar(Buffer.concat([pax({ comment: 'a commit' }, 'g'), FILE, END])).entries.length, 1)
})

test('entries of unknown types are passed over with a warning, their bytes kept as raw', () => {
  const archive = Buffer.concat([rawHeader({ typeflag: 'Z', name: 'odd', size: 600 }), padded(Buffer.alloc(600, 1)), FILE, END])
  const parsed = parseTar(archive)
  assert.deepEqual(
    parsed.entries.map(({ path }) => path),
    ['name'],
  )
  assert.equal(parsed.warnings.length, 1)
  assert.deepEqual(parsed.all, archive)
})

for (const [name, end] of [
  ['two zero blocks', END],
  ['none', Buffer.alloc(0)],
  ['one', Buffer.alloc(512)],
  ['a full record', Buffer.alloc(10240)],
  ['junk behind it', Buffer.concat([END, Buffer.from('anything at all')])],
] as const) {
  test(`the archive may end with ${name}`, () => {
    const archive = Buffer.concat([rawHeader({ size: 5 }), padded('hello'), end])
    const parsed = parseTar(archive, 300)
    assert.deepEqual(parsed.payloads, [Buffer.from('hello')])
    assert.deepEqual(parsed.all, archive)
  })
}

test('an empty archive has no entries', () => {
  assert.deepEqual(parseTar(Buffer.alloc(0)).entries, [])
  assert.deepEqual(parseTar(END, 700).entries, [])
})

test('PAX sparse 1.0: the map is raw, the segments are data', () => {
  const map = padded('3\n0\n3\n1000\n4\n2000\n0\n')
  const records = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'real', 'GNU.sparse.realsize': '2000' }
  const archive = Buffer.concat([
    pax(records),
    rawHeader({ name: 'GNUSparseFile.0/real', size: map.length + 7 }),
    map,
    padded('abcdefg'),
    END,
  ])
  for (const size of [archive.length, 1, 511, 513]) {
    const { entries, payloads, all, offsets } = parseTar(archive, size)
    assert.partialDeepStrictEqual(entries[0], {
      path: 'real',
      size: 2000,
      sparse: [
        { offset: 0, length: 3 },
        { offset: 1000, length: 4 },
      ],
    })
    assert.deepEqual(payloads, [Buffer.from('abcdefg')])
    assert.deepEqual(all, archive)
    assert.equal(offsets[0], archive.indexOf('abcdefg'))
  }
})

for (const [name, map, stored] of [
  ['overlapping segments', '2\n0\n3\n2\n4\n', 7],
  ['a segment past the end', '1\n1998\n7\n', 7],
  ['fewer bytes than its segments', '1\n0\n8\n', 7],
  ['more bytes than its segments', '1\n0\n6\n', 7],
  ['letters', '1\n0\nx\n', 7],
  ['an empty number', '1\n\n7\n', 7],
  ['a count without end', '9999999999999999', 7],
  ['a map longer than the payload', '200\n0\n1\n', 7],
] as const) {
  test(`PAX sparse 1.0 with ${name} is refused`, () => {
    const block = padded(map)
    const records = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '2000' }
    const archive = Buffer.concat([pax(records), rawHeader({ size: block.length + stored }), block, padded('abcdefg'), END, END])
    assert.throws(() => parseTar(archive), { code: 'SPARSE_INVALID' })
  })
}

test('skipPayload leaves out what a seekable source need not read', () => {
  const big = 5_000_000
  const first = Buffer.concat([rawHeader({ size: big })])
  const rest = Buffer.concat([Buffer.alloc(512 - (big % 512)), rawHeader({ name: 'next', size: 3 }), padded('abc'), END])
  const entries: [string, number][] = []
  const parser = new TarParser({ raw() {}, data() {}, endEntry() {}, entry: ({ path }, offset) => entries.push([path, offset]) })
  parser.push(first)
  assert.equal(parser.skipPayload(), big)
  assert.equal(parser.skipPayload(), 0)
  parser.push(rest)
  parser.end()
  assert.deepEqual(entries, [
    ['name', 512],
    ['next', 512 + big + 512 - (big % 512) + 512],
  ])
})

test('any bytes either parse, every byte given once, or end in a TarError', () => {
  const seeds = [pax({ path: 'a', size: '3' }), rawHeader({ size: 3 }), padded('abc'), extension('L', 'x\0'), FILE, END]
  const archive = fc
    .tuple(fc.array(fc.constantFrom(...seeds), { maxLength: 8 }), fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 2 }))
    .map(([parts, damage]) => {
      const bytes = Buffer.concat(parts)
      for (const [at, byte] of damage) if (at < bytes.length) bytes[at] = byte
      return bytes
    })
  fc.assert(
    fc.property(archive, fc.integer({ min: 1, max: 1500 }), (bytes, size) => {
      try {
        assert.deepEqual(parseTar(bytes, size).all, bytes)
      } catch (error) {
        assert.equal((error as Error).name, 'TarError', String(error))
      }
    }),
  )
})
