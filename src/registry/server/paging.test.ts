import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf } from '../../kit/mod.ts'
import { nextLink, parsePage } from './paging.ts'

const LIMITS = { default: 100, max: 1000 }

for (const [query, want] of [
  ['', { limit: 100, after: '' }],
  ['n=5', { limit: 5, after: '' }],
  ['n=0', { limit: 0, after: '' }],
  ['last=x', { limit: 100, after: 'x' }],
  ['n=100000000000000', { limit: 1000, after: '' }],
  ['n=-1', 'PAGE_INVALID'],
  ['n=', 'PAGE_INVALID'],
  ['n=1e9', 'PAGE_INVALID'],
  ['n=99999999999999999999', 'PAGE_INVALID'],
] as const) {
  test(`parsePage(${query})`, () => {
    if (typeof want === 'string')
      assert.throws(
        () => parsePage(new URLSearchParams(query), LIMITS),
        (error) => codeOf(error) === want,
      )
    else assert.deepEqual(parsePage(new URLSearchParams(query), LIMITS), want)
  })
}

test('nothing breaks out of a Link header', () => {
  const { link } = nextLink('/v2/a/tags/list', { n: '1', last: 'x>; rel="evil", </y\r\nz: 1' })
  assert.match(link, /^<\/v2\/a\/tags\/list\?[\w=&%.+*-]*>; rel="next"$/)
})
