import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDiagnostic } from './format-diagnostic.ts'
import { parseDockerfile } from './parse.ts'

function format(source: string): string {
  const [diagnostic] = parseDockerfile(source).diagnostics
  assert.ok(diagnostic !== undefined)
  return formatDiagnostic(diagnostic, 'Dockerfile', source)
}

test('place, line, caret, suggestion', () => {
  assert.equal(
    format('FROM a\n\tRUNN  make\n'),
    ['Dockerfile:2:2: error: Unknown instruction RUNN', '   2 | \tRUNN  make', '     | \t^^^^', '       Did you mean RUN?'].join('\n'),
  )
})

test('a range over several lines is underlined to the end of its first', () => {
  const lines = format('RUN --network="n \\\n o" x').split('\n')
  assert.deepEqual(lines.slice(1, 3), ['   1 | RUN --network="n \\', '     |               ^^^^'])
})

test('long lines are cropped around the range', () => {
  const late = format(`COPY ${'--link '.padEnd(600)}--a=b ${'x'.repeat(300)} y`).split('\n')
  assert.match(late[1] ?? '', /--a=b x+…$/)
  assert.equal(late[2]?.indexOf('^'), late[1]?.indexOf('--a=b'))
  const long = format(`${'x'.repeat(1000)} y`).split('\n')
  assert.ok(long.slice(1).every((line) => line.length < 120))
})

test('control characters do not reach the terminal', () => {
  const shown = format('RUNN \u001b[31m \u202e \u0007')
  for (const character of ['\u001b', '\u202e', '\u0007']) assert.ok(!shown.includes(character))
})

test('an empty file has a place too', () => {
  assert.equal(format('').split('\n')[0], 'Dockerfile:1:1: error: The Dockerfile has no instructions')
})
