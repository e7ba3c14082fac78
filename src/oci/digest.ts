import { CodedError } from '../kit/mod.ts'

declare const brand: unique symbol

export type Algorithm = 'sha256' | 'sha512'

/** Proof that the text is a well-formed digest: only `parseDigest` and `digestFrom` make one. */
export type Digest = `${Algorithm}:${string}` & { readonly [brand]: true }

/** A digest of an uncompressed layer tar (image-spec config.md, "Layer DiffID"). */
export type DiffId = Digest

const HEX_LENGTH: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128 }

export class DigestError extends CodedError<'DIGEST_INVALID'> {}

/**
 * Parses `algorithm:encoded` (image-spec descriptor.md, "Digests"): sha256 with 64, sha512 with 128 lower-case hex digits.
 * @throws DigestError naming the rule that was broken
 */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text)
  if (problem !== undefined) throw new DigestError('DIGEST_INVALID', `Invalid digest ${JSON.stringify(shorten(text))}: ${problem}`)
  return text as Digest
}

export function isDigest(text: string): text is Digest {
  return digestProblem(text) === undefined
}

/** The rule that `text` breaks, or undefined when it is a digest. */
export function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(':')
  if (colon <= 0) return 'it must be of the form algorithm:hex'
  const algorithm = text.slice(0, colon)
  const encoded = text.slice(colon + 1)
  if (!Object.hasOwn(HEX_LENGTH, algorithm))
    return `unsupported algorithm ${JSON.stringify(shorten(algorithm))} (supported: sha256, sha512)`
  const length = HEX_LENGTH[algorithm as Algorithm]
  if (encoded.length !== length) return `${algorithm} needs ${length} hex digits, got ${encoded.length}`
  if (!/^[0-9a-f]*$/.test(encoded)) return 'hex digits must be 0-9 and a-f, in lower case'
  return undefined
}

/** Joins the parts that a hash function returned. */
export function digestFrom(algorithm: Algorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`)
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.slice(0, digest.indexOf(':')) as Algorithm
}

export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** The first 12 hex digits, as people know image IDs. */
export function shortId(digest: Digest): string {
  return encodedOf(digest).slice(0, 12)
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
