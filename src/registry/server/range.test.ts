import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOf } from '../../kit/mod.ts'
import { parseContentRange, parseRange, uploadRange } from './range.ts'

function outcome(parse: () => { readonly start: number; readonly end: number } | undefined): string | undefined {
  try {
    const range = parse()
    return range === undefined ? 'whole' : `${range.start}..${range.end}`
  } catch (error) {
    return codeOf(error)
  }
}

for (const [header, size, want] of [
  [undefined, 100, 'whole'],
  ['bytes=0-9', 100, '0..10'],
  ['bytes=10-', 100, '10..100'],
  ['bytes=-10', 100, '90..100'],
  ['bytes=-1000', 100, '0..100'],
  ['bytes=90-1000', 100, '90..100'],
  ['bytes=0-0', 1, '0..1'],
  ['BYTES=0-0', 1, '0..1'],
  ['bytes=0-18446744073709551616', 100, '0..100'],
  ['bytes=100-', 100, 'RANGE_INVALID'],
  ['bytes=100-200', 100, 'RANGE_INVALID'],
  ['bytes=50-10', 100, 'RANGE_INVALID'],
  ['bytes=-0', 100, 'RANGE_INVALID'],
  ['bytes=0-', 0, 'RANGE_INVALID'],
  ['bytes=99999999999999999999-', 100, 'RANGE_INVALID'],
  ['bytes=-', 100, 'whole'],
  ['bytes=a-b', 100, 'whole'],
  ['bytes=-5-10', 100, 'whole'],
  ['items=0-9', 100, 'whole'],
  ['bytes=0-1,5-6', 100, 'whole'],
  [`bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`, 5000, 'whole'],
] as const) {
  test(`Range ${header?.slice(0, 40)} of ${size} bytes is ${want}`, () =>
    assert.equal(
      outcome(() => parseRange(header, size)),
      want,
    ))
}

for (const [header, length, want] of [
  [undefined, 5, 'whole'],
  ['0-4', 5, '0..5'],
  ['0-4', undefined, '0..5'],
  ['5-5', 1, '5..6'],
  ['0-4', 6, 'SIZE_INVALID'],
  ['0-', 5, 'BLOB_UPLOAD_INVALID'],
  ['5-2', 5, 'BLOB_UPLOAD_INVALID'],
  ['bytes 0-9', 10, 'BLOB_UPLOAD_INVALID'],
  ['-1-4', 5, 'BLOB_UPLOAD_INVALID'],
  ['0-9223372036854775808', 5, 'BLOB_UPLOAD_INVALID'],
  ['', 5, 'BLOB_UPLOAD_INVALID'],
] as const) {
  test(`Content-Range ${header} of ${length} bytes is ${want}`, () =>
    assert.equal(
      outcome(() => parseContentRange(header, length)),
      want,
    ))
}

test('the Range of an upload ends at its last byte; an empty one says 0-0', () => {
  assert.deepEqual([0, 1, 10].map(uploadRange), ['0-0', '0-0', '0-9'])
})
