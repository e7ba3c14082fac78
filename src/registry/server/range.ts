import { RegistryError } from './wire-errors.ts'

/** Bytes from `start` up to but not including `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The one range that a Range header asks of `size` bytes, or undefined to send everything.
 * SPEC: RFC 9110 14.2: other units, several ranges and what is malformed may be ignored; a range that lies outside (the suite: also an inverted one) is 416.
 * @throws RegistryError RANGE_INVALID
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  if (header === undefined) return undefined
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header)
  if (match === null) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1)
  if (start >= end) {
    throw new RegistryError('RANGE_INVALID', `Range ${header} lies outside of the blob's ${size} bytes`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  return { start, end }
}

/**
 * SPEC: distribution-spec, "Pushing a blob in chunks": `<start>-<end>`, both inclusive, no unit.
 * @throws RegistryError BLOB_UPLOAD_INVALID, SIZE_INVALID when it differs from the length of the body
 */
export function parseContentRange(header: string | undefined, contentLength: number | undefined): ByteRange | undefined {
  if (header === undefined) return undefined
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header)
  const start = Number(match?.[1])
  const end = Number(match?.[2]) + 1
  if (match === null || end <= start) {
    throw new RegistryError(
      'BLOB_UPLOAD_INVALID',
      `Invalid Content-Range ${JSON.stringify(header.slice(0, 100))}: it must be <start>-<end>, both inclusive`,
    )
  }
  if (contentLength !== undefined && contentLength !== end - start) {
    throw new RegistryError('SIZE_INVALID', `Content-Range ${header} is ${end - start} bytes, but Content-Length is ${contentLength}`)
  }
  return { start, end }
}

/** SPEC: `Range: 0-<end of what arrived>`; an empty session says 0-0, as everybody does. */
export function uploadRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`
}
