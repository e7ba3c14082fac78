import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestBytes } from '../../stream/mod.ts'
import { historyOf } from './history.ts'

const [EARLY, FIRST, SECOND] = ['2020-01-01T00:00:00Z', '2021-01-01T00:00:00.000Z', '2022-01-01T00:00:00.000Z'] as const

/** L: an instruction with a layer; e: one without. Wanted: the times of the new entries. */
for (const [items, base, wanted] of [
  ['', [], []],
  ['e', [], ['1970-01-01T00:00:00Z']],
  ['ee', [EARLY], [EARLY, EARLY]],
  ['eLe', [EARLY], [FIRST, FIRST, FIRST]],
  ['LeLe', [], [FIRST, FIRST, SECOND, SECOND]],
  ['eeL', [], [FIRST, FIRST, FIRST]],
] as const) {
  test(`historyOf: ${JSON.stringify(items)} on ${base.length} entries`, () => {
    const times = [FIRST, SECOND].slice(0, items.replaceAll('e', '').length)
    const history = historyOf(
      base.map((created) => ({ created, created_by: 'base' })),
      Array.from(items, (item) => ({ createdBy: item, hasLayer: item === 'L' })),
      { built: times.map((time) => ({ diffId: digestBytes(time), at: Date.parse(time) })), baseCreated: base[0] },
    )
    assert.deepEqual(
      history.slice(base.length).map(({ created }) => created),
      wanted,
    )
    assert.equal(history.filter((entry) => entry.empty_layer !== true).length, base.length + times.length)
  })
}
