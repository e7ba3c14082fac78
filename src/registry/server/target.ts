import { digestProblem, isRepositoryName, isTag, type Digest } from '../../oci/mod.ts'
import { RegistryError } from './wire-errors.ts'

/** A tag or a digest, told apart by the colon. */
export type ManifestReference = { readonly kind: 'tag'; readonly tag: string } | { readonly kind: 'digest'; readonly digest: Digest }

/** What a path names. SPEC: distribution-spec, "Endpoints". */
export type Target =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'extensions'; readonly repository?: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: ManifestReference }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest }

const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Parses a path, from the right: names contain slashes, and their parts may be called `blobs`, `manifests`, `tags`, `uploads` or `referrers`.
 * @throws RegistryError ROUTE_UNKNOWN, NAME_INVALID, DIGEST_INVALID, TAG_INVALID, BLOB_UPLOAD_UNKNOWN
 */
export function parseTarget(rawPath: string): Target {
  const path = rawPath.includes('%') ? decode(rawPath) : rawPath
  if (path === '/v2/' || path === '/v2') return { kind: 'ping' }
  if (!path.startsWith('/v2/')) throw unknownRoute(path)
  if (path === '/v2/_catalog') return { kind: 'catalog' }
  if (path === '/v2/_oci/ext/discover') return { kind: 'extensions' }

  const lastSlash = path.lastIndexOf('/')
  const last = path.slice(lastSlash + 1)
  const nounSlash = path.lastIndexOf('/', lastSlash - 1)
  const noun = path.slice(nounSlash + 1, lastSlash)
  // What is left of the noun: /v2/<name>.
  if (nounSlash > 3) {
    switch (noun) {
      case 'manifests':
        return { kind: 'manifest', repository: nameOf(path, nounSlash), reference: parseManifestReference(last) }
      case 'referrers':
        return { kind: 'referrers', repository: nameOf(path, nounSlash), digest: digestOf(last) }
      case 'blobs':
        if (last === 'uploads') return { kind: 'uploads', repository: nameOf(path, nounSlash) }
        return { kind: 'blob', repository: nameOf(path, nounSlash), digest: digestOf(last) }
      case 'tags':
        if (last === 'list') return { kind: 'tags', repository: nameOf(path, nounSlash) }
        break
      case 'uploads':
        if (path.endsWith('/blobs', nounSlash)) return uploadOf(nameOf(path, nounSlash - '/blobs'.length), last)
        break
      case 'ext':
        if (last === 'discover' && path.endsWith('/_oci', nounSlash)) {
          return { kind: 'extensions', repository: nameOf(path, nounSlash - '/_oci'.length) }
        }
        break
      default:
    }
  }
  throw unknownRoute(path)
}

/** @throws RegistryError DIGEST_INVALID, TAG_INVALID */
export function parseManifestReference(text: string): ManifestReference {
  if (text.includes(':')) return { kind: 'digest', digest: digestOf(text) }
  if (isTag(text)) return { kind: 'tag', tag: text }
  throw new RegistryError('TAG_INVALID', `Invalid tag ${shorten(text)}: it must match [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`)
}

/** @throws RegistryError DIGEST_INVALID */
export function digestOf(text: string): Digest {
  const problem = digestProblem(text)
  if (problem !== undefined) throw new RegistryError('DIGEST_INVALID', `Invalid digest ${shorten(text)}: ${problem}`)
  return text as Digest
}

function nameOf(path: string, end: number): string {
  const name = path.slice('/v2/'.length, end)
  if (isRepositoryName(name)) return name
  throw new RegistryError('NAME_INVALID', `Invalid repository name ${shorten(name)}`, {
    hint: 'A name has at most 255 characters: lower-case letters and digits in parts separated by "/", inside a part also single ".", "_", "__" and "-".',
  })
}

function uploadOf(repository: string, id: string): Target {
  if (id === '') return { kind: 'uploads', repository }
  // SECURITY: the ID becomes part of a file name.
  if (!UPLOAD_ID.test(id)) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `Unknown upload session ${shorten(id)}`)
  return { kind: 'upload', repository, id }
}

function decode(path: string): string {
  // SECURITY: an encoded slash could slip a name past the rules of a proxy before us; decoded once, never twice.
  if (/%(?:2f|5c|00|25)/i.test(path))
    throw new RegistryError('NAME_INVALID', `Invalid path ${shorten(path)}: encoded "/", "\\", "%" and NUL are refused`)
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new RegistryError('NAME_INVALID', `Invalid path ${shorten(path)}: it is not percent-encoded UTF-8`, { cause })
  }
}

function unknownRoute(path: string): RegistryError {
  return new RegistryError('ROUTE_UNKNOWN', `Unknown path ${shorten(path)}`, { hint: 'The registry is below /v2/.' })
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
