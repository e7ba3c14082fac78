import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Escape } from './ast.ts'
import { DockerfileError } from './errors.ts'
import { expandHeredoc, expandWord, expandWords } from './expand.ts'
import type { Scope } from './expand.ts'

const RANGE = { start: { line: 3, column: 4, offset: 20 }, end: { line: 3, column: 9, offset: 25 } }
const VALUES: Readonly<Record<string, string>> = {
  a: 'one',
  E: '',
  p: '/usr/lib/x.tar.gz',
  s: 'a b',
  Ü: 'umlaut',
  star: 'a*b',
  x1: 'eleven',
  q: `"'`,
}

function scope(escape: Escape = '\\', undefineds: string[] = []): Scope {
  return {
    escape,
    lookup: (name) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined),
    onUndefined: (name) => undefineds.push(name),
  }
}

const WORDS: readonly (readonly [text: string, expected: string, escape?: Escape])[] = [
  // quotes and escapes
  ["'a $a \\x'", 'a $a \\x'],
  ['"a $a \\x \\" \\$a \\\\"', 'a one \\x " $a \\'],
  ['\\x\\$a\\ b', 'x$a b'],
  [`a'b'"c"d`, 'abcd'],
  [`"it's"`, "it's"],
  ['a\\', 'a'],
  ['`$a \\x', '$a \\x', '`'],
  ['"`"`x"', '"`x', '`'],
  [`$q`, `"'`],
  // names
  ['$a$a', 'oneone'],
  ['${a}b', 'oneb'],
  ['$ab', ''],
  ['$x1.', 'eleven.'],
  ['$Ü', 'umlaut'],
  ['$1a$12', 'a'],
  ['$@$*$#$?$-$!', ''],
  ['$$a', 'a'],
  ['$0x', 'x'],
  ['$', '$'],
  ['$.', '$.'],
  ['a$ b', 'a$ b'],
  ['${1}', ''],
  // set or not
  ['${a-w}${E-w}${U-w}', 'onew'],
  ['${a:-w}|${E:-w}|${U:-w}', 'one|w|w'],
  ['${a+w}|${E+w}|${U+w}', 'w|w|'],
  ['${a:+w}|${E:+w}|${U:+w}', 'w||'],
  ['${U:-${V:-$a}}', 'one'],
  ['${U:-"a } b"}', 'a } b'],
  ['${U:-a\\}b}', 'a}b'],
  ["${U:-'$a'}", '$a'],
  ['"${U:-"x y"}"', 'x y'],
  ['${a?m}${a:?m}${E?m}', 'oneone'],
  // patterns
  ['${p#*/}', 'usr/lib/x.tar.gz'],
  ['${p##*/}', 'x.tar.gz'],
  ['${p%.*}', '/usr/lib/x.tar'],
  ['${p%%.*}', '/usr/lib/x'],
  ['${p#/us?}', '/lib/x.tar.gz'],
  ['${p#nothing}', '/usr/lib/x.tar.gz'],
  ['${star#a\\*}', 'b'],
  ['${star%[*]b}', 'a*b'],
  ['${p%$E}', '/usr/lib/x.tar.gz'],
  ['${p##*\\/}', 'x.tar.gz'],
  ['${a%ne}', 'o'],
  ['${U#x}', ''],
  // replacement
  ['${p/\\//-}', '-usr/lib/x.tar.gz'],
  ['${p//\\//-}', '-usr-lib-x.tar.gz'],
  ['${p/r*\\//R}', '/usRx.tar.gz'],
  ['${a//n/$s}', 'oa be'],
  ['${a//n/\\}}', 'o}e'],
  ['${a/z/y}', 'one'],
  ['${a/o*/}', ''],
  ['${p//?r/<\\/>}', '/u</>/lib/x.t</>.gz'],
]

for (const [text, expected, escape] of WORDS) {
  test(`expandWord(${text})`, () => assert.equal(expandWord({ text, range: RANGE }, scope(escape)), expected))
}

const FAILURES: readonly (readonly [text: string, code: string])[] = [
  ["'a", 'EXPANSION_INVALID'],
  ['"a', 'EXPANSION_INVALID'],
  ['${a', 'EXPANSION_INVALID'],
  ['${', 'EXPANSION_INVALID'],
  ['${}', 'EXPANSION_INVALID'],
  ['${:-a}', 'EXPANSION_INVALID'],
  ['${{a}', 'EXPANSION_INVALID'],
  ['${a:=b}', 'EXPANSION_INVALID'],
  ['${a:b}', 'EXPANSION_INVALID'],
  ['${a:#b}', 'EXPANSION_INVALID'],
  ['${a=b}', 'EXPANSION_INVALID'],
  ['${.a}', 'EXPANSION_INVALID'],
  ['${a#\\x}', 'EXPANSION_INVALID'],
  ['${a/b}', 'EXPANSION_INVALID'],
  ['${U:-${a}', 'EXPANSION_INVALID'],
  ['${U?}', 'EXPANSION_REQUIRED'],
  ['${E:?"must be set"}', 'EXPANSION_REQUIRED'],
  ['${a:-'.repeat(5000), 'EXPANSION_INVALID'],
]

for (const [text, code] of FAILURES) {
  test(`expandWord(${text.slice(0, 30)}) throws ${code}`, () => {
    assert.throws(
      () => expandWord({ text, range: RANGE }, scope()),
      (error) => error instanceof DockerfileError && error.code === code && error.range === RANGE,
    )
  })
}

test('expandWords splits at spaces that are not quoted, also of values', () => {
  for (const [text, expected] of [
    ['$s', ['a', 'b']],
    ['"$s"', ['a b']],
    ['  x\t$s"c d"\\ e $E ""', ['x', 'a', 'bc d e']],
    ['8${U:-0} ${U:-1 2}', ['80', '1', '2']],
    ['', []],
  ] as const) {
    assert.deepEqual(expandWords({ text, range: RANGE }, scope()), expected)
  }
})

test('expandHeredoc keeps quotes, and its escape is always a backslash', () => {
  for (const [content, expected] of [
    ['"$a" \'${a}\'\n', '"one" \'one\'\n'],
    ['\\$a \\\\ `$a\n', '$a \\ `one\n'],
    ["${U:-'x'}", "'x'"],
    ['\\\n', '\n'],
  ] as const) {
    const heredoc = {
      name: 'E',
      body: content,
      content,
      expand: true,
      stripTabs: false,
      fileDescriptor: 0,
      range: RANGE,
      bodyRange: RANGE,
      endRange: RANGE,
    }
    assert.equal(expandHeredoc(heredoc, scope('`')), expected)
    assert.equal(expandHeredoc({ ...heredoc, expand: false }, scope()), content)
  }
})

test('variables that are not set are told, unless the word says what then', () => {
  const undefineds: string[] = []
  expandWord({ text: '$U ${V} ${W:-x} ${X+x} ${Y#x} $1 $@ $a "$Z"', range: RANGE }, scope('\\', undefineds))
  assert.deepEqual(undefineds, ['U', 'V', 'Y', 'Z'])
})

test('a pattern cannot take for ever', () => {
  const text = `\${long##${'*a'.repeat(50)}b}`
  const long = 'a'.repeat(20_000)
  assert.equal(expandWord({ text, range: RANGE }, { escape: '\\', lookup: () => long }), long)
  assert.equal(expandWord({ text: '${long//*a*b/x}', range: RANGE }, { escape: '\\', lookup: () => long }), long)
})
