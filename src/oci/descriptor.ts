import { digestProblem, type Digest } from './digest.ts'
import { listOf, objectOf, stringMapOf, stringOf, stringsOf, type Complain } from './field.ts'
import { isObject, type JsonObject } from './json.ts'
import { ManifestError } from './manifest-error.ts'
import type { Platform } from './platform.ts'

/** What points at content: image-spec descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
  readonly data?: string
  readonly platform?: Platform
  readonly urls?: readonly string[]
}

/**
 * Checks one descriptor of a parsed document; `where` names it in errors (`layers[2]`). Members that we do not know are left out.
 * @throws ManifestError MANIFEST_INVALID
 */
export function parseDescriptor(json: unknown, where: string): Descriptor {
  const complain: Complain = (problem, cause) =>
    new ManifestError('MANIFEST_INVALID', `Invalid descriptor ${where}: ${problem}`, cause === undefined ? {} : { cause })
  if (!isObject(json)) throw complain('it is not an object')
  const mediaType = stringOf(json, 'mediaType', complain)
  if (mediaType === undefined || mediaType === '') throw complain('it has no mediaType')
  const digest = stringOf(json, 'digest', complain)
  if (digest === undefined) throw complain('it has no digest')
  const fault = digestProblem(digest)
  if (fault !== undefined) throw complain(`its digest ${JSON.stringify(digest.slice(0, 100))} is invalid: ${fault}`)
  const size = json['size']
  // SPEC: descriptor.md, "size" is an int64; beyond 2^53 we could not count, and nobody has such blobs.
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw complain(`its size ${JSON.stringify(size)} is no whole number of bytes`)
  const annotations = stringMapOf(json, 'annotations', complain)
  const artifactType = stringOf(json, 'artifactType', complain)
  const data = stringOf(json, 'data', complain)
  const platform = parsePlatformObject(objectOf(json, 'platform', complain), complain)
  const urls = stringsOf(json, 'urls', complain)
  return {
    mediaType,
    digest: digest as Digest,
    size,
    ...(annotations && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
    ...(data !== undefined && { data }),
    ...(platform && { platform }),
    ...(urls && { urls }),
  }
}

/** The descriptors under `key`, none when it is absent or null. */
export function parseDescriptors(document: JsonObject, key: string, complain: Complain): readonly Descriptor[] {
  return (listOf(document, key, complain) ?? []).map((item, i) => parseDescriptor(item, `${key}[${i}]`))
}

function parsePlatformObject(json: JsonObject | undefined, complain: Complain): Platform | undefined {
  if (json === undefined) return undefined
  const variant = stringOf(json, 'variant', complain)
  const version = stringOf(json, 'os.version', complain)
  const features = stringsOf(json, 'os.features', complain)
  return {
    // Attestations and artifacts leave these empty or say "unknown".
    os: stringOf(json, 'os', complain) ?? '',
    architecture: stringOf(json, 'architecture', complain) ?? '',
    ...(variant !== undefined && variant !== '' && { variant }),
    ...(version !== undefined && version !== '' && { 'os.version': version }),
    ...(features && { 'os.features': features }),
  }
}
