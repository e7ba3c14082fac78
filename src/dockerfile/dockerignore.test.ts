import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDockerignore, pathFilter } from './dockerignore.ts'
import { hasWildcard, matchGlob } from './glob.ts'

const FILTERS: readonly (readonly [text: string, ignored: string, kept: string])[] = [
  // anchored at the root
  ['*.log', 'a.log .log', 'x/a.log a.logs'],
  ['**/*.log', 'a.log x/a.log x/y/a.log', 'a.log2'],
  ['/a', 'a a/b', 'b/a'],
  ['a/b', 'a/b a/b/c', 'a a/bc x/a/b'],
  // cleaning, trimming, comments, line ends
  ['  a/../b/ \t\r\n', 'b b/c', 'a'],
  ['#a\n #b', '#b', '#a a b'],
  ['\uFEFFa', 'a', 'b'],
  ['./a//b/.', 'a/b', 'a'],
  // wildcards
  ['a?c', 'abc a.c', 'ac a/c'],
  ['[a-c]x', 'ax cx', 'dx a'],
  ['[^a]x', 'bx', 'ax'],
  ['\\*a', '*a', 'ba'],
  ['a\\?', 'a?', 'ab'],
  // two stars
  ['a/**', 'a/b a/b/c', 'a ab'],
  ['**', 'a a/b', ''],
  ['**/a', 'a b/a b/c/a a/x', 'ba'],
  ['a/**/b', 'a/b a/x/b a/x/y/b', 'ab a/xb'],
  ['**.md', 'a.md x/b.md', 'md.a'],
  ['**/node_modules', 'node_modules/x a/node_modules/y', 'node_module'],
  // last match wins, also below an excluded directory
  ['*\n!a', 'b', 'a a/b'],
  ['a\n!a/b\na/b/c', 'a a/x a/b/c a/b/c/d', 'a/b a/b/x'],
  ['*.md\n!README.md', 'a.md', 'README.md'],
  ['!a\na', 'a', 'b'],
  ['! a \n', '', 'a'],
  ['', '', 'a'],
]

for (const [text, ignored, kept] of FILTERS) {
  test(`parseDockerignore(${JSON.stringify(text)})`, () => {
    const filter = parseDockerignore(text)
    const paths = `${ignored} ${kept}`.split(' ').filter((path) => path !== '')
    assert.deepEqual(
      paths.filter((path) => filter.ignores(path)),
      ignored.split(' ').filter((path) => path !== ''),
    )
  })
}

for (const text of ['!', 'a\n ! ', '[', 'a[', '[]', '[a-', '[-a]', 'a\\']) {
  test(`parseDockerignore(${JSON.stringify(text)}) throws`, () => assert.throws(() => parseDockerignore(text), { code: 'PATTERN_INVALID' }))
}

test('mayContain: a walk prunes only where no later ! can match', () => {
  for (const [text, directory, expected] of [
    ['a', 'a', false],
    ['a', 'b', true],
    ['a\n!a/b', 'a', true],
    ['a\n!a/b', 'a/c', false],
    ['!a/b\na', 'a', false],
    ['a\n!x', 'a', false],
    ['a\n!**/keep', 'a/x', true],
    ['a\n!a*', 'a/x', true],
    ['a\n!*/b', 'a', true],
    ['a\n!*/b', 'a/c', false],
    ['a\n!a/b\na/b', 'a/b', false],
  ] as const) {
    assert.equal(parseDockerignore(text).mayContain(directory), expected, `${JSON.stringify(text)} ${directory}`)
  }
})

test('mayContain never hides a path that is not ignored', () => {
  const piece = fc.constantFrom('a', 'b', '*', '**', '?', '/', '/', '!', '\n', '\n', '\n!', '[ab]')
  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), path, (pieces, parts) => {
      const text = pieces.join('').replaceAll(/!(?=\s|!|$)/g, 'a')
      const filter = parseDockerignore(text)
      if (filter.ignores(parts.join('/'))) return
      for (let depth = 1; depth < parts.length; depth++) assert.ok(filter.mayContain(parts.slice(0, depth).join('/')))
    }),
    { numRuns: 1000 },
  )
})

test('pathFilter takes patterns one by one', () => {
  const filter = pathFilter(['*.md', '!a.md'])
  assert.deepEqual(
    ['a.md', 'b.md', 'x/b.md'].map((path) => filter.ignores(path)),
    [false, true, false],
  )
})

test('matchGlob is Go’s filepath.Match', () => {
  for (const [pattern, name, expected] of [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*', 'a/b', false],
    ['*c', 'abc', true],
    ['a*/b', 'abc/b', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['ab[e-g]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['a???b', 'a☺☻☹b', true],
    ['a[^a]b', 'a☺b', true],
    ['[a-ζ]*', 'α', true],
    ['[\\]a]', ']', true],
    ['[\\-x]', '-', true],
    ['[!a]', '!', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['*x', 'xxx', true],
    ['**', 'a/b', false],
    ['', '', true],
    ['a?b', 'a/b', false],
  ] as const) {
    assert.equal(matchGlob(pattern, name), expected, `${pattern} ${name}`)
  }
  for (const pattern of ['[]a]', '[-]', '[x-]', '[a-b-c]', '[', '[^', '[^bc', 'a[', '\\']) {
    assert.throws(() => matchGlob(pattern, 'zzz'), { code: 'PATTERN_INVALID' })
  }
  assert.deepEqual(['a', 'a*', 'a\\*', '\\\\*', '[a]', '?'].map(hasWildcard), [false, true, false, true, true, true])
})

test('a pattern cannot take for ever', () => {
  assert.equal(matchGlob(`${'*a'.repeat(60)}b`, 'a'.repeat(5000)), false)
  assert.equal(parseDockerignore(`${'**/a*'.repeat(60)}b`).ignores('a/'.repeat(2000)), false)
})
