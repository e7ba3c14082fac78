import { parseDescriptor, parseDescriptors, type Descriptor } from './descriptor.ts'
import { stringMapOf, stringOf, type Complain } from './field.ts'
import { parseJsonObject, type JsonObject } from './json.ts'
import { ManifestError } from './manifest-error.ts'
import { isIndexType, isManifestType, isSchema1Type, MediaType } from './media-type.ts'

export { ManifestError } from './manifest-error.ts'

export interface Manifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

export interface ImageIndex {
  readonly kind: 'index'
  readonly mediaType: string
  readonly artifactType?: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** Types that say nothing about the kind; some servers send them for every document. */
const GENERIC_TYPES: ReadonlySet<string> = new Set(['', 'application/json', 'application/octet-stream', 'text/plain'])

const SCHEMA1_HINT =
  'Docker image manifests of schema 1 are obsolete since 2016: pull and push the image with docker 20 or skopeo to convert it.'

/**
 * Parses a manifest or image index of OCI or Docker. `contentType` is what the transport or the descriptor says; parameters are ignored.
 * @throws ManifestError MANIFEST_INVALID | MANIFEST_UNSUPPORTED
 */
export function parseManifestDocument(bytes: Uint8Array, contentType?: string): Manifest | ImageIndex {
  let json: JsonObject
  try {
    json = parseJsonObject(bytes)
  } catch (cause) {
    throw new ManifestError('MANIFEST_INVALID', `Invalid manifest: ${(cause as Error).message}`, { cause })
  }
  const mediaType = mediaTypeOf(json, baseType(contentType))
  const artifactType = stringOf(json, 'artifactType', invalid)
  const annotations = stringMapOf(json, 'annotations', invalid)
  const subject = isPresent(json, 'subject') ? parseDescriptor(json['subject'], 'subject') : undefined
  const common = {
    mediaType,
    ...(artifactType !== undefined && artifactType !== '' && { artifactType }),
    ...(subject && { subject }),
    ...(annotations && { annotations }),
  }
  if (isIndexType(mediaType)) {
    if (!Object.hasOwn(json, 'manifests')) throw invalid('an image index needs manifests')
    return { kind: 'index', ...common, manifests: parseDescriptors(json, 'manifests', invalid) }
  }
  if (!isPresent(json, 'config')) throw invalid('a manifest needs a config')
  return {
    kind: 'manifest',
    ...common,
    config: parseDescriptor(json['config'], 'config'),
    layers: parseDescriptors(json, 'layers', invalid),
  }
}

/** The document's own media type, else the announced one, else what its members tell. */
function mediaTypeOf(json: JsonObject, announced: string): string {
  const version = json['schemaVersion']
  const own = baseType(stringOf(json, 'mediaType', invalid))
  if (version === 1 || isSchema1Type(own) || isSchema1Type(announced)) {
    throw new ManifestError('MANIFEST_UNSUPPORTED', 'It is a Docker image manifest of schema 1', { hint: SCHEMA1_HINT })
  }
  // SECURITY: CVE-2021-41190. What can be read as manifest and as index is neither.
  const index = isPresent(json, 'manifests')
  const manifest = isPresent(json, 'layers') || isPresent(json, 'config') || isPresent(json, 'fsLayers')
  if (index && manifest) throw invalid('it has members of a manifest (config, layers) and of an image index (manifests)')
  if (version !== 2) throw invalid(`schemaVersion must be 2, got ${JSON.stringify(version)?.slice(0, 40)}`)
  const generic = GENERIC_TYPES.has(announced)
  if (own !== '' && !generic && own !== announced) throw invalid(`its mediaType is ${own}, but it came as ${announced}`)
  const mediaType = own !== '' ? own : generic ? (index ? MediaType.ociIndex : MediaType.ociManifest) : announced
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw new ManifestError('MANIFEST_UNSUPPORTED', `Unsupported manifest of type ${mediaType.slice(0, 200)}`)
  }
  if (isIndexType(mediaType) ? manifest : index) throw invalid(`its members do not fit its type ${mediaType}`)
  return mediaType
}

const invalid: Complain = (problem, cause) =>
  new ManifestError('MANIFEST_INVALID', `Invalid manifest: ${problem}`, cause === undefined ? {} : { cause })

function isPresent(json: JsonObject, key: string): boolean {
  return (json[key] ?? undefined) !== undefined
}

/** A media type without parameters, in lower case; '' when there is none. */
function baseType(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
