import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, closest, CodedError, codeOf, formatAge, formatBytes, formatSeconds, limit, retry, sleep } from './mod.ts'

for (const [bytes, text] of [
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [4404, '4.4kB'],
  [799_123_456, '799MB'],
  [1_234_567_890_123, '1.23TB'],
] as const) {
  test(`formatBytes(${bytes})`, () => assert.equal(formatBytes(bytes), text))
}

for (const [seconds, text] of [
  [0.2, 'Less than a second'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [660, '11 minutes'],
  [3700, 'About an hour'],
  [7300, '2 hours'],
  [3 * 86_400, '3 days'],
  [21 * 86_400, '3 weeks'],
  [100 * 86_400, '3 months'],
  [800 * 86_400, '2 years'],
] as const) {
  test(`formatAge(${seconds}s)`, () => assert.equal(formatAge(seconds * 1000), text))
}

test('formatSeconds', () => assert.deepEqual([120, 12_345, 125_000].map(formatSeconds), ['0.12s', '12.3s', '2m05s']))

for (const [word, candidates, wanted] of [
  ['biuld', ['build', 'run'], 'build'],
  ['FORM', ['FROM', 'RUN'], 'FROM'],
  ['COPPY', ['COPY', 'ENTRYPOINT'], 'COPY'],
  ['x', ['run', 'tag'], undefined],
  ['elephant', ['build', 'run'], undefined],
] as const) {
  test(`closest(${word})`, () => assert.equal(closest(word, candidates), wanted))
}

test('limit runs at most so many at once, and all of them', async () => {
  const run = limit(2)
  let active = 0
  let most = 0
  const results = await Promise.allSettled(
    Array.from({ length: 7 }, (_, i) =>
      run(async () => {
        most = Math.max(most, ++active)
        await sleep(1)
        active--
        if (i === 3) throw new Error('third')
        return i
      }),
    ),
  )
  assert.equal(most, 2)
  assert.deepEqual(
    results.map((r) => r.status === 'fulfilled'),
    [true, true, true, false, true, true, true],
  )
})

test('retry stops when the delay gives up, and throws the last error', async () => {
  let calls = 0
  const failing = retry(
    async () => {
      calls++
      throw new CodedError('X', `try ${calls}`)
    },
    { attempts: 5, delay: (error, attempt) => (codeOf(error) === 'X' && attempt <= 3 ? 0 : undefined) },
  )
  await assert.rejects(failing, { message: 'try 3' })
})

test('retry gives up at once when aborted', async () => {
  const controller = new AbortController()
  const failing = retry(
    async () => {
      controller.abort(new Error('stop'))
      throw new Error('transient')
    },
    { attempts: 5, delay: () => 0, signal: controller.signal },
  )
  await assert.rejects(failing, { message: 'stop' })
})

test('sleep rejects with the reason of the signal', async () => {
  const controller = new AbortController()
  const sleeping = sleep(60_000, controller.signal)
  controller.abort(new Error('woken'))
  await assert.rejects(sleeping, { message: 'woken' })
})

test('assert throws a plain error: our bug', () => assert.throws(() => holds(false, 'x'), /Assertion failed: x/))
