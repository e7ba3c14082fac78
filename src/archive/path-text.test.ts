import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { comparePaths, decodePath, encodePath, fsPath } from './path-text.ts'

for (const { name, bytes, text } of [
  { name: 'ASCII', bytes: [0x61, 0x2f, 0x62], text: 'a/b' },
  { name: 'two and three bytes', bytes: [0xc3, 0xa9, 0xe2, 0x82, 0xac], text: 'é€' },
  { name: 'four bytes whose low surrogate looks like an escape', bytes: [0xf0, 0x9f, 0x92, 0x80], text: '💀' },
  { name: 'U+FFFD itself', bytes: [0xef, 0xbf, 0xbd], text: '\ufffd' },
  { name: 'Latin-1', bytes: [0x63, 0x61, 0x66, 0xe9], text: 'caf\udce9' },
  { name: 'a cut sequence', bytes: [0xe2, 0x82], text: '\udce2\udc82' },
  { name: 'overlong', bytes: [0xc0, 0xaf], text: '\udcc0\udcaf' },
  { name: 'an encoded surrogate', bytes: [0xed, 0xa0, 0x80], text: '\udced\udca0\udc80' },
  { name: 'past U+10FFFF', bytes: [0xf4, 0x90, 0x80, 0x80], text: '\udcf4\udc90\udc80\udc80' },
  { name: 'a byte order mark', bytes: [0xef, 0xbb, 0xbf, 0x61], text: '\ufeffa' },
] as const) {
  test(`paths as text: ${name}`, () => {
    assert.equal(decodePath(Uint8Array.from(bytes)), text)
    assert.deepEqual([...encodePath(text)], [...bytes])
    assert.equal(typeof fsPath(text), text.isWellFormed() ? 'string' : 'object')
  })
}

/** Bytes that are UTF-8 here and there. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts))

test('encodePath(decodePath(bytes)) is bytes, and comparePaths is their order', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => {
      assert.deepEqual(encodePath(decodePath(a)), a)
      assert.equal(Math.sign(comparePaths(decodePath(a), decodePath(b))), Buffer.compare(a, b))
    }),
  )
})

for (const text of ['\ud800', 'a\udc00', '\udc7f', '\udd00x', '\ud800\ud800']) {
  test(`encodePath refuses ${JSON.stringify(text)}, which stands for no byte`, () => {
    assert.throws(() => encodePath(text), { code: 'PATH_INVALID' })
  })
}
