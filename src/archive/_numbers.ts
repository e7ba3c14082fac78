/**
 * A numeric header field: octal with blanks or NULs around it, or base-256 (first bit set), which GNU tar uses for what octal cannot hold.
 * Undefined when it is neither, or past 2^53.
 */
export function parseNumber(block: Buffer, at: number, length: number): number | undefined {
  const first = block[at] ?? 0
  return (first & 0x80) === 0 ? parseOctal(block, at, length) : parseBase256(block, at, length)
}

function parseOctal(block: Buffer, start: number, length: number): number | undefined {
  const end = start + length
  let at = start
  while (at < end && isBlank(block[at])) at++
  let value = 0
  for (; at < end; at++) {
    const byte = block[at] ?? 0
    if (isBlank(byte)) break
    if (byte < 0x30 || byte > 0x37) return undefined
    value = value * 8 + byte - 0x30
  }
  for (; at < end && block[at] !== 0; at++) if (block[at] !== 0x20) return undefined
  return value
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0
}

/** Big-endian two's complement; the first byte's top bit is the marker, the next one the sign. */
function parseBase256(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] ?? 0
  const negative = (first & 0x40) !== 0
  const flip = negative ? 0xff : 0
  let value = (first ^ flip) & 0x7f
  for (let at = start + 1; at < start + length; at++) {
    value = value * 256 + ((block[at] ?? 0) ^ flip)
    if (value > Number.MAX_SAFE_INTEGER) return undefined
  }
  return negative ? -value - 1 : value
}

/** Writes `value` as zero-padded octal with a NUL behind it. False when it does not fit. */
export function writeOctal(block: Buffer, at: number, length: number, value: number): boolean {
  const digits = value.toString(8)
  if (value < 0 || digits.length > length - 1) return false
  block.write(digits.padStart(length - 1, '0'), at, 'latin1')
  return true
}
