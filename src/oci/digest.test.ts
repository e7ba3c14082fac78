import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { algorithmOf, digestFrom, DigestError, encodedOf, isDigest, parseDigest, shortId } from './mod.ts'

const HEX = '0123456789abcdef'.repeat(4)

for (const [text, good] of [
  [`sha256:${HEX}`, true],
  [`sha512:${HEX}${HEX}`, true],
  [`sha256:${HEX}0`, false],
  [`sha256:${HEX.slice(1)}`, false],
  [`sha256:${HEX.toUpperCase()}`, false],
  [`sha256:${HEX}\n`, false],
  [`sha512:${HEX}`, false],
  [`sha384:${'a'.repeat(96)}`, false],
  [`sha1:${'a'.repeat(40)}`, false],
  [`constructor:${HEX}`, false],
  ['sha256:../../etc/passwd', false],
  ['sha256:', false],
  [`:${HEX}`, false],
  [HEX, false],
  ['', false],
] as const) {
  test(`parseDigest(): ${JSON.stringify(text.slice(0, 40))} is ${good ? 'good' : 'refused'}`, () => {
    assert.equal(isDigest(text), good)
    if (good) assert.equal(parseDigest(text), text)
    else assert.throws(() => parseDigest(text), DigestError)
  })
}

test('algorithmOf() and encodedOf() take apart what digestFrom() joins', () => {
  fc.assert(
    fc.property(fc.constantFrom('sha256' as const, 'sha512' as const), fc.stringMatching(/^[0-9a-f]{128}$/), (algorithm, hex) => {
      const encoded = algorithm === 'sha256' ? hex.slice(64) : hex
      const digest = digestFrom(algorithm, encoded)
      assert.deepEqual([algorithmOf(digest), encodedOf(digest), parseDigest(digest)], [algorithm, encoded, digest])
      assert.equal(shortId(digest), encoded.slice(0, 12))
    }),
  )
})
