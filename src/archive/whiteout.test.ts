import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatWhiteout, OPAQUE_WHITEOUT, parseWhiteout } from './whiteout.ts'

for (const [name, meaning] of [
  ['file', undefined],
  ['.wh', undefined],
  ['x.wh.y', undefined],
  ['.wh.file', { kind: 'hide', name: 'file' }],
  ['.wh..hidden', { kind: 'hide', name: '.hidden' }],
  ['.wh....', { kind: 'hide', name: '...' }],
  [OPAQUE_WHITEOUT, { kind: 'opaque' }],
  ['.wh..wh.plnk', { kind: 'metadata' }],
  ['.wh..wh.aufs', { kind: 'metadata' }],
] as const) {
  test(`parseWhiteout(${name})`, () => assert.deepEqual(parseWhiteout(name), meaning))
}

for (const name of ['.wh.', '.wh..', '.wh...']) {
  test(`parseWhiteout refuses ${name}, which would hide its own directory or the one above`, () =>
    assert.throws(() => parseWhiteout(name), { code: 'PATH_UNSAFE' }))
}

test('formatWhiteout and parseWhiteout agree', () => {
  assert.deepEqual(parseWhiteout(formatWhiteout('.git')), { kind: 'hide', name: '.git' })
})
