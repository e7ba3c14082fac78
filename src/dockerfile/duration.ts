import { DockerfileError } from './errors.ts'

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, micro sign
  μs: 1_000n, // U+03BC, Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const LARGEST = 2n ** 63n - 1n

/**
 * A Go duration (`1h30m`, `1.5s`, `500ms`, `0`) in nanoseconds.
 * @throws DockerfileError DURATION_INVALID
 */
export function parseDuration(text: string): number {
  const unsigned = text.replace(/^[-+]/, '')
  if (unsigned === '0') return 0
  let total = 0n
  let rest = unsigned
  while (rest !== '') {
    const match = /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/.exec(rest)
    if (match === null || !/\d/.test(match[0])) throw invalidDuration(text)
    const [all, whole = '', fraction = '', unit = ''] = match
    const nanoseconds = NANOSECONDS[unit] ?? 0n
    total += BigInt(whole || '0') * nanoseconds + (BigInt(fraction || '0') * nanoseconds) / 10n ** BigInt(fraction.length)
    if (total > LARGEST) throw invalidDuration(text)
    rest = rest.slice(all.length)
  }
  if (unsigned === '') throw invalidDuration(text)
  return Number(text.startsWith('-') ? -total : total)
}

function invalidDuration(text: string): DockerfileError {
  return new DockerfileError('DURATION_INVALID', `Invalid duration ${JSON.stringify(text.slice(0, 100))}`, {
    hint: 'Write a number with a unit: 500ms, 30s, 1m30s, 2h.',
  })
}
