import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../kit/mod.ts'
import { parseTarget } from './target.ts'

const HEX = 'a'.repeat(64)
const D = `sha256:${HEX}`
const ID = '0b1c2d3e-0000-4000-8000-0123456789ab'

for (const [path, want] of [
  ['/v2/', 'ping'],
  ['/v2', 'ping'],
  ['/v2/_catalog', 'catalog'],
  ['/v2/_oci/ext/discover', 'extensions'],
  ['/v2/a/b/_oci/ext/discover', 'extensions a/b'],
  [`/v2/a/blobs/${D}`, `blob a ${D}`],
  [`/v2/a/blobs/sha256%3A${HEX}`, `blob a ${D}`],
  [`/v2/a/blobs/sha512:${HEX}${HEX}`, `blob a sha512:${HEX}${HEX}`],
  ['/v2/a/manifests/latest', 'manifest a latest'],
  [`/v2/a/manifests/${D}`, `manifest a ${D}`],
  [`/v2/a/manifests/sha256-${HEX}`, `manifest a sha256-${HEX}`],
  ['/v2/a/blobs/uploads/', 'uploads a'],
  ['/v2/a/blobs/uploads', 'uploads a'],
  [`/v2/a/blobs/uploads/${ID}`, `upload a ${ID}`],
  ['/v2/a/tags/list', 'tags a'],
  [`/v2/a/referrers/${D}`, `referrers a ${D}`],
  // Names whose parts are words of the protocol.
  ['/v2/blobs/manifests/latest', 'manifest blobs latest'],
  ['/v2/a/blobs/uploads/manifests/latest', 'manifest a/blobs/uploads latest'],
  [`/v2/a/blobs/uploads/blobs/${D}`, `blob a/blobs/uploads ${D}`],
  ['/v2/a/blobs/uploads/blobs/uploads/', 'uploads a/blobs/uploads'],
  [`/v2/a/blobs/uploads/blobs/uploads/${ID}`, `upload a/blobs/uploads ${ID}`],
  ['/v2/a/blobs/uploads/tags/list', 'tags a/blobs/uploads'],
  ['/v2/a/manifests/tags/list', 'tags a/manifests'],
  ['/v2/a/tags/manifests/list', 'manifest a/tags list'],
  ['/v2/tags/list/tags/list', 'tags tags/list'],
  ['/v2/a/blobs/manifests/uploads', 'manifest a/blobs uploads'],
  [`/v2/referrers/referrers/${D}`, `referrers referrers ${D}`],
  ['/v2/a.b_c__d---e/f/manifests/V1.0_x-', 'manifest a.b_c__d---e/f V1.0_x-'],
  [`/v2/${'a'.repeat(255)}/tags/list`, `tags ${'a'.repeat(255)}`],
] as const) {
  test(`parseTarget(${path.slice(0, 80)})`, () => {
    const target = parseTarget(path)
    const reference =
      target.kind === 'manifest' ? (target.reference.kind === 'tag' ? target.reference.tag : target.reference.digest) : undefined
    const rest = 'digest' in target ? target.digest : 'id' in target ? target.id : reference
    const repository = 'repository' in target ? target.repository : undefined
    assert.equal([target.kind, repository, rest].filter((part) => part !== undefined).join(' '), want)
  })
}

for (const [path, code] of [
  ['/', 'ROUTE_UNKNOWN'],
  ['/v1/a/tags/list', 'ROUTE_UNKNOWN'],
  ['/v2/a', 'ROUTE_UNKNOWN'],
  ['/v2//', 'ROUTE_UNKNOWN'],
  ['/v2/manifests/latest', 'ROUTE_UNKNOWN'],
  ['/v2/a/tags/lists', 'ROUTE_UNKNOWN'],
  ['/v2/a/manifests/x/y', 'ROUTE_UNKNOWN'],
  ['/v2/a/uploads/x', 'ROUTE_UNKNOWN'],
  ['/v2//manifests/latest', 'NAME_INVALID'],
  ['/v2/blobs/uploads/', 'NAME_INVALID'],
  ['/v2/..%2f..%2fetc/manifests/latest', 'NAME_INVALID'],
  ['/v2/%2e%2e/manifests/latest', 'NAME_INVALID'],
  ['/v2/../manifests/latest', 'NAME_INVALID'],
  ['/v2/a//b/manifests/latest', 'NAME_INVALID'],
  ['/v2/A/manifests/latest', 'NAME_INVALID'],
  ['/v2/a%00/manifests/latest', 'NAME_INVALID'],
  ['/v2/a%/manifests/latest', 'NAME_INVALID'],
  ['/v2/a%252fb/manifests/latest', 'NAME_INVALID'],
  ['/v2/a%5cb/manifests/latest', 'NAME_INVALID'],
  ['/v2/%D0%B0/manifests/latest', 'NAME_INVALID'],
  ['/v2/a___b/manifests/latest', 'NAME_INVALID'],
  ['/v2/-a/manifests/latest', 'NAME_INVALID'],
  ['/v2/_catalog/tags/list', 'NAME_INVALID'],
  [`/v2/${'a'.repeat(256)}/tags/list`, 'NAME_INVALID'],
  ['/v2/a/manifests/.x', 'TAG_INVALID'],
  ['/v2/a/manifests/', 'TAG_INVALID'],
  ['/v2/a/manifests/a@b', 'TAG_INVALID'],
  [`/v2/a/manifests/${'x'.repeat(129)}`, 'TAG_INVALID'],
  ['/v2/a/manifests/a:b', 'DIGEST_INVALID'],
  ['/v2/a/blobs/', 'DIGEST_INVALID'],
  ['/v2/a/blobs/latest', 'DIGEST_INVALID'],
  ['/v2/a/blobs/sha256:..', 'DIGEST_INVALID'],
  [`/v2/a/blobs/sha256:${HEX.toUpperCase()}`, 'DIGEST_INVALID'],
  [`/v2/a/blobs/sha256:${HEX.slice(1)}`, 'DIGEST_INVALID'],
  [`/v2/a/blobs/sha256:${HEX}a`, 'DIGEST_INVALID'],
  [`/v2/a/blobs/sha1:${'a'.repeat(40)}`, 'DIGEST_INVALID'],
  [`/v2/a/blobs/md5:${'a'.repeat(32)}`, 'DIGEST_INVALID'],
  [`/v2/a/blobs/sha256:${'a'.repeat(1 << 20)}`, 'DIGEST_INVALID'],
  ['/v2/a/referrers/latest', 'DIGEST_INVALID'],
  ['/v2/a/blobs/uploads/..', 'BLOB_UPLOAD_UNKNOWN'],
  ['/v2/a/blobs/uploads/manifests', 'BLOB_UPLOAD_UNKNOWN'],
  [`/v2/a/blobs/uploads/${ID.toUpperCase()}`, 'BLOB_UPLOAD_UNKNOWN'],
] as const) {
  test(`parseTarget(${path.slice(0, 80)}) is ${code}`, () => {
    assert.throws(
      () => parseTarget(path),
      (error) => codeOf(error) === code,
    )
  })
}

const part = fc.constantFrom('blobs', 'manifests', 'tags', 'list', 'uploads', 'referrers', 'a', 'v2')

test('any name of protocol words comes back, whatever follows it', () => {
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(`blobs/${D}`, 'manifests/list', 'tags/list', 'blobs/uploads/', `referrers/${D}`),
      (parts, rest) => {
        const target = parseTarget(`/v2/${parts.join('/')}/${rest}`)
        assert.equal('repository' in target ? target.repository : '', parts.join('/'))
      },
    ),
  )
})

test('whatever comes, it is a target or an error with a code', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webPath(),
        fc.string().map((text) => `/v2/${text}`),
      ),
      (path) => {
        try {
          parseTarget(path)
        } catch (error) {
          assert.notEqual(codeOf(error), undefined)
        }
      },
    ),
  )
})
