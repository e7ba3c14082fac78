const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Decimal units, at most `precision` significant digits, as docker prints them: `799MB`, `4.4kB`, `0B`. */
export function formatBytes(bytes: number, precision = 3): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${Number(value.toPrecision(precision))}${UNITS[unit]}`
}

/** `0.12s`, `3.4s`, `2m05s`. */
export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 10) return `${seconds.toFixed(2)}s`
  if (seconds < 60) return `${seconds.toFixed(1)}s`
  return `${Math.floor(seconds / 60)}m${String(Math.floor(seconds % 60)).padStart(2, '0')}s`
}

const AGES: readonly (readonly [limitSeconds: number, divisor: number, noun: string])[] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [48 * 3600, 3600, 'hour'],
  [14 * 86_400, 86_400, 'day'],
  [60 * 86_400, 7 * 86_400, 'week'],
  [2 * 365 * 86_400, 30 * 86_400, 'month'],
]

/** Docker's coarse ages: `11 minutes`, `About an hour`, `3 weeks`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 1) return 'Less than a second'
  if (seconds >= 60 && seconds < 120) return 'About a minute'
  if (seconds >= 3600 && seconds < 7200) return 'About an hour'
  const [, divisor, noun] = AGES.find(([limit]) => seconds < limit) ?? [0, 365 * 86_400, 'year']
  const count = Math.floor(seconds / divisor)
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
