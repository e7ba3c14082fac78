import { CodedError } from '../kit/mod.ts'
import { digestProblem, type DiffId } from './digest.ts'
import { booleanOf, listOf, numberOf, objectOf, stringMapOf, stringOf, stringsOf, type Complain } from './field.ts'
import { isObject, parseJsonObject, type JsonObject } from './json.ts'

/** The `config` member of an image config: image-spec config.md, and Docker's extensions, which everybody keeps under OCI types too. */
export interface RunConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[] | null
  readonly Cmd?: readonly string[] | null
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly ArgsEscaped?: boolean
  readonly Healthcheck?: HealthConfig
  readonly OnBuild?: readonly string[]
  readonly Shell?: readonly string[]
}

/** Durations are nanoseconds. */
export interface HealthConfig {
  readonly Test?: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export interface HistoryEntry {
  /** RFC 3339. */
  readonly created?: string
  readonly author?: string
  readonly created_by?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

export interface ImageConfig {
  readonly created?: string
  readonly author?: string
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
  readonly config?: RunConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly DiffId[] }
  readonly history?: readonly HistoryEntry[]
}

export class ImageConfigError extends CodedError<'CONFIG_INVALID'> {}

/**
 * Parses an image config and checks every member that has a type above. Members that we do not know are kept, nulls dropped
 * (except under `config.Entrypoint` and `config.Cmd`, where null is a value).
 * @throws ImageConfigError
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  let json: JsonObject
  try {
    json = parseJsonObject(bytes)
  } catch (cause) {
    throw new ImageConfigError('CONFIG_INVALID', `Invalid image config: ${(cause as Error).message}`, { cause })
  }
  const rootfs = objectOf(json, 'rootfs', invalid)
  if (rootfs === undefined) throw invalid('it has no rootfs')
  if (rootfs['type'] !== 'layers') throw invalid(`rootfs.type must be "layers", got ${JSON.stringify(rootfs['type'])?.slice(0, 40)}`)
  const diffIds = stringsOf(rootfs, 'diff_ids', under('rootfs')) ?? []
  for (const id of diffIds) {
    const problem = digestProblem(id)
    if (problem !== undefined) throw invalid(`rootfs.diff_ids has ${JSON.stringify(id.slice(0, 100))}: ${problem}`)
  }
  for (const key of ['architecture', 'os'] as const) if (stringOf(json, key, invalid) === undefined) throw invalid(`it has no ${key}`)
  for (const key of ['created', 'author', 'variant', 'os.version'] as const) stringOf(json, key, invalid)
  stringsOf(json, 'os.features', invalid)
  const history = listOf(json, 'history', invalid)?.map(checkHistory)
  const config = objectOf(json, 'config', invalid)
  return {
    ...withoutNulls(json),
    rootfs: { type: 'layers', diff_ids: diffIds as readonly DiffId[] },
    ...(config && { config: checkRunConfig(config) }),
    ...(history && { history }),
  } as unknown as ImageConfig
}

const invalid: Complain = (problem, cause) =>
  new ImageConfigError('CONFIG_INVALID', `Invalid image config: ${problem}`, cause === undefined ? {} : { cause })

function under(where: string): Complain {
  return (problem, cause) => invalid(`${where}.${problem}`, cause)
}

function checkRunConfig(json: JsonObject): RunConfig {
  const complain = under('config')
  for (const key of ['User', 'WorkingDir', 'StopSignal'] as const) stringOf(json, key, complain)
  for (const key of ['Env', 'Entrypoint', 'Cmd', 'OnBuild', 'Shell'] as const) stringsOf(json, key, complain)
  for (const key of ['ExposedPorts', 'Volumes'] as const) {
    for (const item of Object.values(objectOf(json, key, complain) ?? {})) if (!isObject(item)) throw complain(`${key} must hold objects`)
  }
  stringMapOf(json, 'Labels', complain)
  booleanOf(json, 'ArgsEscaped', complain)
  const health = objectOf(json, 'Healthcheck', complain)
  if (health !== undefined) {
    stringsOf(health, 'Test', under('config.Healthcheck'))
    for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const)
      numberOf(health, key, under('config.Healthcheck'))
  }
  const { Entrypoint, Cmd } = json
  return {
    ...withoutNulls(json),
    ...(Entrypoint === null && { Entrypoint }),
    ...(Cmd === null && { Cmd }),
    ...(health && { Healthcheck: withoutNulls(health) }),
  }
}

function checkHistory(json: unknown, i: number): HistoryEntry {
  const complain = under(`history[${i}]`)
  if (!isObject(json)) throw invalid(`history[${i}] must be an object`)
  for (const key of ['created', 'author', 'created_by', 'comment'] as const) stringOf(json, key, complain)
  booleanOf(json, 'empty_layer', complain)
  return withoutNulls(json)
}

function withoutNulls(json: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null))
}
