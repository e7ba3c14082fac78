import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  familiarReference,
  formatReference,
  InvalidReferenceError,
  isImageIdPrefix,
  isRepositoryName,
  isTag,
  networkHost,
  parseReference,
  repositoryOf,
} from './mod.ts'

const HEX = 'a'.repeat(64)
const D = `sha256:${HEX}`

/** clients.md section 1: input, canonical form. */
const GOOD: readonly (readonly [text: string, canonical: string])[] = [
  ['alpine', 'docker.io/library/alpine:latest'],
  ['alpine:3.19', 'docker.io/library/alpine:3.19'],
  ['library/alpine', 'docker.io/library/alpine:latest'],
  ['docker.io/alpine', 'docker.io/library/alpine:latest'],
  ['docker.io/library/alpine', 'docker.io/library/alpine:latest'],
  ['index.docker.io/alpine', 'docker.io/library/alpine:latest'],
  ['index.docker.io/user/app:1', 'docker.io/user/app:1'],
  ['user/app', 'docker.io/user/app:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost', 'docker.io/library/localhost:latest'],
  ['localhost:5000', 'docker.io/library/localhost:5000'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['localhost:5000/team/web:1.0', 'localhost:5000/team/web:1.0'],
  ['app:5000', 'docker.io/library/app:5000'],
  ['127.0.0.1', 'docker.io/library/127.0.0.1:latest'],
  ['127.0.0.1:5000/app', '127.0.0.1:5000/app:latest'],
  ['[::1]:5000/app', '[::1]:5000/app:latest'],
  ['[::1]/app', '[::1]/app:latest'],
  ['[2001:DB8::1]:443/a/b:c', '[2001:DB8::1]:443/a/b:c'],
  ['example.com', 'docker.io/library/example.com:latest'],
  ['example.com/app', 'example.com/app:latest'],
  ['example.com:99999/a', 'example.com:99999/a:latest'],
  ['ghcr.io/o/r/s:t', 'ghcr.io/o/r/s:t'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest'],
  ['Foo/bar', 'Foo/bar:latest'],
  ['FOO:5000/bar', 'FOO:5000/bar:latest'],
  ['alpine:LATEST', 'docker.io/library/alpine:LATEST'],
  ['alpine:_x', 'docker.io/library/alpine:_x'],
  [`alpine@${D}`, `docker.io/library/alpine@${D}`],
  [`alpine:3@${D}`, `docker.io/library/alpine:3@${D}`],
  [`localhost:5000/a@${D}`, `localhost:5000/a@${D}`],
  [`alpine@sha512:${HEX}${HEX}`, `docker.io/library/alpine@sha512:${HEX}${HEX}`],
  [`docker.io/${HEX}`, `docker.io/library/${HEX}:latest`],
  [`${HEX}:latest`, `docker.io/library/${HEX}:latest`],
  ['a__b', 'docker.io/library/a__b:latest'],
  ['a--b', 'docker.io/library/a--b:latest'],
  ['a-----b.c_d', 'docker.io/library/a-----b.c_d:latest'],
  [`a:${'t'.repeat(128)}`, `docker.io/library/a:${'t'.repeat(128)}`],
  ['a'.repeat(247), `docker.io/library/${'a'.repeat(247)}:latest`],
  [`x.y/${'a'.repeat(255)}`, `x.y/${'a'.repeat(255)}:latest`],
  ['xn--n3h.example/a', 'xn--n3h.example/a:latest'],
]

for (const [text, canonical] of GOOD) {
  test(`parseReference(): ${text.slice(0, 60)} is ${canonical.slice(0, 60)}`, () => {
    const reference = parseReference(text)
    assert.equal(formatReference(reference), canonical)
    assert.deepEqual(parseReference(canonical), reference)
    assert.deepEqual(parseReference(familiarReference(reference)), reference)
  })
}

/** clients.md section 1: input, what the message must speak of. */
const BAD: readonly (readonly [text: string, rule: RegExp])[] = [
  ['', /empty/],
  ['foo/Bar', /lowercase/],
  ['Alpine', /lowercase/],
  ['alpine:', /tag is empty/],
  ['alpine:-x', /start with/],
  ['alpine:.x', /start with/],
  ['alpine:a b', /white space/],
  ['alpine:a+b', /characters/],
  [`alpine@${D}:3`, /hex digits/],
  ['alpine@', /algorithm:hex/],
  [`alpine@${D}@${D}`, /more than one/],
  ['alpine@sha256:abc', /64 hex digits, got 3/],
  [`alpine@md5:${'a'.repeat(32)}`, /unsupported algorithm/],
  [`alpine@sha256:${HEX.toUpperCase()}`, /lower case/],
  [HEX, /image ID/],
  ['[fe80::1%eth0]:5000/a', /IPv6/],
  ['[::1]x/a', /no host/],
  ['[::1', /not contain|host/],
  ['::1/app', /no host/],
  ['example.com:abc/a', /port/],
  ['example.com:/a', /port/],
  ['ex_ample.com/a', /"_"/],
  ['-x.com/a', /no host/],
  ['x..com/a', /no host/],
  ['a___b', /follow each other/],
  ['a..b', /follow each other/],
  ['a._b', /follow each other/],
  ['-a', /starts or ends/],
  ['a-', /starts or ends/],
  ['a//b', /empty/],
  ['/a', /empty/],
  ['a/', /empty/],
  [' alpine', /white space/],
  ['alpine\n', /white space/],
  ['https://x.y/a', /scheme/],
  ['docker://alpine', /scheme/],
  ['x.y/a:b/c', /":"/],
  ['a\u00e9b', /may not contain/],
  ['a\0b', /may not contain/],
  [`a:${'t'.repeat(129)}`, /129 characters/],
  ['a'.repeat(248), /256 characters/],
  [`x.y/${'a'.repeat(256)}`, /256 characters/],
  ['..%2f..%2fetc/a', /no host/],
  ['localhost:5000/', /empty/],
  ['docker.io/', /empty/],
]

for (const [text, rule] of BAD) {
  test(`parseReference(): ${JSON.stringify(text.slice(0, 60))} breaks ${rule.source}`, () => {
    assert.throws(
      () => parseReference(text),
      (error) => {
        assert.ok(error instanceof InvalidReferenceError)
        assert.equal(error.code, 'REFERENCE_INVALID')
        // The one place where texts are compared: each error has to name the right rule.
        assert.match(error.message.slice(error.message.lastIndexOf('": ')), rule)
        assert.ok(error.hint !== undefined && error.hint !== '')
        return true
      },
    )
  })
}

const FAMILIAR: readonly (readonly [text: string, familiar: string])[] = [
  ['docker.io/library/alpine:3', 'alpine:3'],
  ['docker.io/user/app', 'user/app:latest'],
  ['docker.io/library/a/b', 'library/a/b:latest'],
  ['localhost:5000/a', 'localhost:5000/a:latest'],
  ['docker.io/localhost/a', 'docker.io/localhost/a:latest'],
  [`alpine@${D}`, `alpine@${D}`],
]
for (const [text, familiar] of FAMILIAR) {
  test(`familiarReference(): ${text.slice(0, 60)} is shown as ${familiar.slice(0, 60)}`, () =>
    assert.equal(familiarReference(parseReference(text)), familiar))
}

test('parseReference(): defaultTag false adds no tag', () => {
  assert.deepEqual(parseReference('alpine', { defaultTag: false }), { host: 'docker.io', path: 'library/alpine' })
  assert.equal(familiarReference(parseReference(`docker.io/${HEX}`, { defaultTag: false })), `docker.io/${HEX}`)
})

test('repositoryOf(), networkHost()', () => {
  assert.equal(repositoryOf(parseReference('alpine')), 'docker.io/library/alpine')
  assert.equal(networkHost(parseReference('alpine')), 'registry-1.docker.io')
  assert.equal(networkHost(parseReference('localhost:5000/a')), 'localhost:5000')
})

for (const [text, is] of [
  ['a', true],
  ['0123456789ab', true],
  [HEX, true],
  [D, true],
  ['sha256:ab', true],
  ['', false],
  ['sha256:', false],
  ['xyz', false],
  ['ABC', false],
  [`${HEX}a`, false],
] as const) {
  test(`isImageIdPrefix(): ${JSON.stringify(text)} is ${is ? 'one' : 'none'}`, () => assert.equal(isImageIdPrefix(text), is))
}

test('isRepositoryName(), isTag()', () => {
  for (const name of ['a', 'a/b/c', 'blobs/uploads', 'a.b/c_d/e__f/g---h', 'a'.repeat(255)]) assert.ok(isRepositoryName(name), name)
  for (const name of ['', 'A', 'a//b', '/a', 'a/', '..', 'a/../b', 'a%2fb', 'a b', 'a'.repeat(256), 'a\n'])
    assert.ok(!isRepositoryName(name), name)
  for (const tag of ['latest', '_', 'sha256-abc', 'A.b-c', 't'.repeat(128)]) assert.ok(isTag(tag), tag)
  for (const tag of ['', '.x', '-x', 'a:b', 'a@b', 'a/b', 't'.repeat(129), 'a\n']) assert.ok(!isTag(tag), tag)
})

test('parseReference(): long and hostile texts fail fast', () => {
  for (const text of ['-'.repeat(1e6), 'a-'.repeat(5e5), 'a/'.repeat(5e5), `[${':'.repeat(1e6)}`, `alpine@sha256:${'a'.repeat(1e6)}`]) {
    assert.throws(() => parseReference(text), InvalidReferenceError)
  }
})

const word = fc.stringMatching(/^[a-z0-9]{1,6}$/)
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''))
const host = fc.oneof(
  fc.constantFrom('docker.io', 'localhost', '[::1]', '[fe80::a]:5000', 'Upper'),
  fc
    .tuple(
      component.filter((text) => !/[_]|\.-|-\.|-$/.test(text)),
      fc.option(fc.nat(65_535)),
    )
    .map(([name, port]) => `${name}.x${port === null ? '' : `:${port}`}`),
)
const references = fc.record({
  host,
  path: fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)),
  digest: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
})

function textOf(parts: { host: string; path: string; tag: string | null; digest: string | null }): string {
  const tag = parts.tag === null ? '' : `:${parts.tag}`
  return `${parts.host}/${parts.path}${tag}${parts.digest === null ? '' : `@sha256:${parts.digest}`}`
}

test('formatReference() and familiarReference() parse back to the same reference', () => {
  fc.assert(
    fc.property(references, (parts) => {
      const text = textOf(parts)
      const reference = parseReference(text, { defaultTag: false })
      for (const form of [formatReference, familiarReference]) {
        assert.deepEqual(parseReference(form(reference), { defaultTag: false }), reference)
      }
    }),
    { numRuns: 500 },
  )
})

test('parseReference(): throws its own error or gives a reference that parses back, whatever the text', () => {
  const texts = fc.oneof(fc.string({ maxLength: 60 }), fc.stringMatching(/^[aA0.:/@_[\]-]{0,30}$/))
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const reference = parseReference(text)
        assert.deepEqual(parseReference(familiarReference(reference)), reference)
        assert.ok(isRepositoryName(reference.path))
      } catch (error) {
        assert.ok(error instanceof InvalidReferenceError)
      }
    }),
    { numRuns: 2000 },
  )
})
