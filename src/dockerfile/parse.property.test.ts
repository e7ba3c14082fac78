import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Dockerfile } from './ast.ts'
import { expandHeredoc, expandWord, expandWords } from './expand.ts'
import { DockerfileError } from './errors.ts'
import { formatDiagnostic } from './format-diagnostic.ts'
import { parseDockerfile } from './parse.ts'
import type { Range } from './range.ts'
import { groupStages } from './stages.ts'

const PIECES = [
  'FROM a AS b', 'RUN ', 'COPY ', 'ADD ', 'ENV ', 'LABEL ', 'ARG ', 'HEALTHCHECK CMD ', 'ONBUILD ', 'CMD ', 'VOLUME ', 'SHELL ',
  'EXPOSE ', 'run', '# escape=`', '# syntax=x', '#', ' ', '\t', '\n', '\r\n', '\\\n', '\\', '`', '`\n', '<<EOF', '<<-', '\nEOF\n',
  'EOF', '--from=', '--mount=', '--', '=', '"', "'", '[', ']', '["a"]', ',', '$a', '${a:-', '}', '\uFEFF', 'é', '😀', '\u2028', '\0',
] // prettier-ignore

const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
)

/** Every range in the tree with its parents' ranges around it. */
function* rangesIn(value: unknown, outer: Range): Generator<{ range: Range; outer: Range }> {
  if (typeof value !== 'object' || value === null) return
  const own = 'range' in value ? (value.range as Range) : undefined
  if (own !== undefined) yield { range: own, outer }
  for (const [key, member] of Object.entries(value)) {
    if (key === 'range') continue
    if (key.endsWith('Range')) yield { range: member as Range, outer: key === 'valueRange' ? (own ?? outer) : outer }
    // Comments lie before what they document; heredocs' bodies lie behind the command that announces them.
    else if (key !== 'docs') yield* rangesIn(member, key === 'heredoc' ? outer : (own ?? outer))
  }
}

function checkPosition(dockerfile: Dockerfile, { start, end }: Range): void {
  for (const { line, column, offset } of [start, end]) {
    assert.ok(offset >= 0 && offset <= dockerfile.source.length)
    const before = dockerfile.source.slice(0, offset).split('\n')
    assert.ok(line === before.length || (offset === dockerfile.source.length && before.at(-1) === ''), `line ${line} of ${offset}`)
    if (line === before.length) assert.equal(column, before.at(-1)?.length)
  }
  assert.ok(start.offset <= end.offset)
}

test('parsing never throws; ranges are sound and nested', () => {
  fc.assert(
    fc.property(text, (source) => {
      const dockerfile = parseDockerfile(source)
      const whole = { start: { line: 1, column: 0, offset: 0 }, end: { line: 0, column: 0, offset: source.length } }
      for (const { range, outer } of rangesIn(dockerfile.instructions, whole)) {
        checkPosition(dockerfile, range)
        assert.ok(outer.start.offset <= range.start.offset && range.end.offset <= outer.end.offset)
      }
      for (const { range } of rangesIn([dockerfile.directives, dockerfile.comments, dockerfile.diagnostics], whole))
        checkPosition(dockerfile, range)
      for (const diagnostic of [...dockerfile.diagnostics, ...groupStages(dockerfile).diagnostics])
        formatDiagnostic(diagnostic, 'Dockerfile', source)
    }),
    { numRuns: 1500 },
  )
})

test('the tree is lossless: nothing but blanks, line ends and idle escapes lies between its nodes', () => {
  fc.assert(
    fc.property(text, (source) => {
      const { directives, comments, instructions } = parseDockerfile(source)
      const nodes = [...directives, ...comments, ...instructions]
        .map(({ range }) => range)
        .toSorted((a, b) => a.start.offset - b.start.offset)
      let end = 0
      for (const range of nodes) {
        // Comments within an instruction are inside of its range.
        if (range.end.offset <= end) continue
        assert.ok(range.start.offset >= end)
        assert.match(source.slice(end, range.start.offset), /^\uFEFF?[\s\\`\u0085]*$/)
        end = range.end.offset
      }
      assert.match(source.slice(end), /^\uFEFF?[\s\\`\u0085]*$/)
    }),
    { numRuns: 1500 },
  )
})

test('a Dockerfile without continuations comes back from its words', () => {
  const word = fc.stringMatching(/^[a-z/.]{1,8}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), word), { minLength: 1 }), (copies) => {
      const source = copies.map(([sources, destination]) => `COPY ${sources.join('  ')} ${destination}`).join('\n')
      const { instructions } = parseDockerfile(source)
      assert.deepEqual(
        instructions.map(
          (copy) => copy.kind === 'copy' && [copy.sources.map((item) => item.kind === 'word' && item.word.text), copy.destination.text],
        ),
        copies,
      )
    }),
    { numRuns: 100 },
  )
})

test('expansion of anything throws nothing but DockerfileError', () => {
  const range = { start: { line: 1, column: 0, offset: 0 }, end: { line: 1, column: 0, offset: 0 } }
  const piece = fc.constantFrom(
    '$',
    '{',
    '}',
    '${a',
    '${b:-',
    '${a#',
    '${a%%',
    '${a//',
    '/',
    '*',
    '?',
    '\\',
    '"',
    "'",
    ' ',
    'x',
    'é',
    ':',
    '+',
    '-',
    '😀',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const word = { text: pieces.join(''), range }
      const scope = { escape: '\\' as const, lookup: (name: string) => ({ a: 'x/y z', e: '' })[name] }
      const heredoc = {
        name: 'E',
        body: '',
        content: word.text,
        expand: true,
        stripTabs: false,
        fileDescriptor: 0,
        range,
        bodyRange: range,
        endRange: range,
      }
      for (const task of [() => expandWord(word, scope), () => expandWords(word, scope), () => expandHeredoc(heredoc, scope)]) {
        try {
          task()
        } catch (error) {
          if (!(error instanceof DockerfileError)) throw error
        }
      }
    }),
    { numRuns: 1500 },
  )
})
