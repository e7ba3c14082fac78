import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTrigger } from './trigger.ts'

const AT = { start: { line: 7, column: 0, offset: 70 }, end: { line: 7, column: 6, offset: 76 } }

test('parseTrigger: every range is that of the FROM', () => {
  const trigger = parseTrigger('COPY --from=x <<A b /c\n1\nA', AT)
  assert.ok(trigger.kind === 'copy')
  assert.deepEqual([trigger.range, trigger.from, trigger.destination], [AT, { text: 'x', range: AT }, { text: '/c', range: AT }])
  assert.deepEqual(
    trigger.heredocs.map(({ content, range }) => [content, range]),
    [['1\n', AT]],
  )
})

for (const text of ['', 'RUNN x', 'RUN a\nRUN b', 'ONBUILD RUN a', 'FROM a', 'maintainer a', '# a', 'RUN <<A']) {
  test(`parseTrigger(${JSON.stringify(text)}) throws`, () =>
    assert.throws(() => parseTrigger(text, AT), { code: 'TRIGGER_INVALID', range: AT }))
}
