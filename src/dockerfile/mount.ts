import { closest } from '../kit/mod.ts'
import type { Word } from './ast.ts'
import { parseCsv } from './_csv.ts'
import { atRange, DockerfileError } from './errors.ts'

/** `RUN --mount=…`. Relative targets are relative to WORKDIR; paths are as written. */
export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount

export interface BindMount {
  readonly type: 'bind'
  readonly target: string
  /** Within `from`, or within the build context. */
  readonly source: string
  /** A stage, a named context or an image; undefined: the build context. */
  readonly from: string | undefined
  /** false: what is written is thrown away after the step. */
  readonly readOnly: boolean
}

export interface CacheMount {
  readonly type: 'cache'
  readonly target: string
  /** undefined: the cleaned, absolute target. */
  readonly id: string | undefined
  readonly sharing: 'shared' | 'private' | 'locked'
  readonly source: string
  /** What a new cache starts with; undefined: nothing. */
  readonly from: string | undefined
  readonly readOnly: boolean
  /** Of the cache's root. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface TmpfsMount {
  readonly type: 'tmpfs'
  readonly target: string
  /** Bytes; undefined: no limit of its own. */
  readonly size: number | undefined
}

export interface SecretMount {
  readonly type: 'secret'
  readonly id: string
  /** undefined: no file, because only `env` is wanted. */
  readonly target: string | undefined
  /** Name of the environment variable to set. */
  readonly env: string | undefined
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface SshMount {
  readonly type: 'ssh'
  readonly id: string
  readonly target: string | undefined
  readonly required: boolean
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

const TYPES: readonly Mount['type'][] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh']
const SHARINGS: readonly CacheMount['sharing'][] = ['shared', 'private', 'locked']

/** Long name of every key, and the types that know it. */
const KEYS: Readonly<Record<string, { readonly key: string; readonly types: readonly Mount['type'][] }>> = {
  type: { key: 'type', types: TYPES },
  target: { key: 'target', types: TYPES },
  dst: { key: 'target', types: TYPES },
  destination: { key: 'target', types: TYPES },
  source: { key: 'source', types: ['bind', 'cache', 'secret'] },
  src: { key: 'source', types: ['bind', 'cache', 'secret'] },
  from: { key: 'from', types: ['bind', 'cache'] },
  readonly: { key: 'readonly', types: TYPES },
  ro: { key: 'readonly', types: TYPES },
  readwrite: { key: 'readwrite', types: TYPES },
  rw: { key: 'readwrite', types: TYPES },
  id: { key: 'id', types: ['cache', 'secret', 'ssh'] },
  sharing: { key: 'sharing', types: ['cache'] },
  required: { key: 'required', types: ['secret', 'ssh'] },
  env: { key: 'env', types: ['secret'] },
  size: { key: 'size', types: ['tmpfs'] },
  mode: { key: 'mode', types: ['cache', 'secret', 'ssh'] },
  uid: { key: 'uid', types: ['cache', 'secret', 'ssh'] },
  gid: { key: 'gid', types: ['cache', 'secret', 'ssh'] },
}

const FLAG_KEYS: readonly string[] = ['readonly', 'readwrite', 'required']

/** Resolves the variables of one option's value. `from` knows the global arguments only, all else what the stage knows. */
export type ExpandOption = (value: string, key: string) => string

/** The raw `from` of a `--mount`, needed before anything else of it can be known; undefined when there is none. */
export function mountSource(word: Word): Word | undefined {
  const field = parseCsv(word.text)?.findLast((text) => /^from=./i.test(text))
  return field === undefined ? undefined : { text: field.slice('from='.length), range: word.range }
}

/**
 * Parses the options of a `--mount`: CSV fields, keys in any case. `expand` is given each value, when variables are to be resolved.
 * @throws DockerfileError MOUNT_INVALID with the word's range
 */
export function parseMount(word: Word, expand: ExpandOption = (value) => value): Mount {
  return atRange(word.range, () => mountOf(readOptions(word.text, expand)))
}

function readOptions(text: string, expand: ExpandOption): ReadonlyMap<string, string> {
  const fields = text === '' ? undefined : parseCsv(text)
  if (fields === undefined)
    throw bad(`Malformed mount options ${JSON.stringify(text)}`, 'Write key=value,key=value; put a field with a comma in double quotes.')
  const options = new Map<string, string>()
  for (const field of fields) {
    const equals = field.indexOf('=')
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase()
    const known = Object.hasOwn(KEYS, written) ? KEYS[written] : undefined
    if (known === undefined) {
      const near = closest(written, Object.keys(KEYS))
      throw bad(`Unknown mount option ${JSON.stringify(written)}`, near === undefined ? undefined : `Did you mean ${near}?`)
    }
    if (equals < 0 && !FLAG_KEYS.includes(known.key)) throw bad(`The mount option ${written} needs a value`)
    const value = equals < 0 ? 'true' : expand(field.slice(equals + 1), known.key)
    // The later of the two opposites wins.
    if (known.key === 'readwrite') options.set('readonly', isTrue(written, value) ? 'false' : 'true')
    else options.set(known.key, value)
  }
  return options
}

function mountOf(options: ReadonlyMap<string, string>): Mount {
  const type = choice('type', options.get('type')?.toLowerCase() ?? 'bind', TYPES)
  for (const key of options.keys()) {
    if (KEYS[key]?.types.includes(type) !== true) throw bad(`The mount option ${key} is not for mounts of type ${type}`)
  }
  const target = options.get('target') ?? ''
  const readOnly = options.get('readonly')
  const from = options.get('from')
  const shared = { source: options.get('source') ?? '', from: from === '' ? undefined : from }
  const owner = { uid: number(options, 'uid', 10) ?? 0, gid: number(options, 'gid', 10) ?? 0 }
  const required = isTrue('required', options.get('required') ?? 'false')
  switch (type) {
    case 'bind':
      return { type, target: needed(target), ...shared, readOnly: isTrue('readonly', readOnly ?? 'true') }
    case 'cache': {
      const sharing = choice('sharing', options.get('sharing')?.toLowerCase() ?? 'shared', SHARINGS)
      const id = options.get('id')
      const mode = number(options, 'mode', 8) ?? 0o755
      const written = isTrue('readonly', readOnly ?? 'false')
      return { type, target: needed(target), id: id === '' ? undefined : id, sharing, ...shared, readOnly: written, mode, ...owner }
    }
    case 'tmpfs':
      return { type, target: needed(target), size: bytes(options.get('size')) }
    case 'secret':
      return { type, ...secretNames(options), required, mode: number(options, 'mode', 8) ?? 0o400, ...owner }
    case 'ssh':
      return {
        type,
        id: options.get('id') || 'default',
        target: target === '' ? undefined : target,
        required,
        mode: number(options, 'mode', 8) ?? 0o600,
        ...owner,
      }
  }
}

function secretNames(options: ReadonlyMap<string, string>): Pick<SecretMount, 'id' | 'target' | 'env'> {
  const target = options.get('target') ?? ''
  const source = options.get('source') ?? ''
  const given = options.get('id') ?? ''
  const env = options.get('env')
  if (source !== '' && given !== '') throw bad('A secret has both id and source, which mean the same')
  const id = given || source || baseName(target)
  if (id === '') throw bad('A secret mount needs id or target')
  if (env === '') throw bad('The mount option env needs a name')
  const file = target === '' && env === undefined ? `/run/secrets/${baseName(id)}` : target
  return { id, target: file === '' ? undefined : file, env }
}

function baseName(path: string): string {
  const trimmed = path.replace(/(?<=[^/])\/{1,}$/, '')
  return trimmed.slice(trimmed.lastIndexOf('/') + 1)
}

function needed(target: string): string {
  if (target === '') throw bad('The mount needs a target')
  if (/^\/+$/.test(target)) throw bad('The mount target must not be /')
  return target
}

function choice<T extends string>(key: string, value: string, values: readonly T[]): T {
  const found = values.find((candidate) => candidate === value)
  if (found !== undefined) return found
  const near = closest(value, values)
  throw bad(
    `Invalid mount ${key} ${JSON.stringify(value)}: it must be ${values.join(', ')}`,
    near === undefined ? undefined : `Did you mean ${near}?`,
  )
}

/** As Go's strconv.ParseBool. */
function isTrue(key: string, value: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) return true
  if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) return false
  throw bad(`The mount option ${key} takes true or false, got ${JSON.stringify(value)}`)
}

function number(options: ReadonlyMap<string, string>, key: string, radix: 8 | 10): number | undefined {
  const value = options.get(key)
  if (value === undefined) return undefined
  const parsed = (radix === 8 ? /^[0-7]{1,11}$/ : /^\d{1,10}$/).test(value) ? Number.parseInt(value, radix) : Number.NaN
  if (parsed < 2 ** 32) return parsed
  throw bad(`Invalid mount ${key} ${JSON.stringify(value)}: it must be ${radix === 8 ? 'an octal' : 'a'} number`)
}

/** Binary units as docker reads them: `64m`, `1.5GB`, `512KiB`, plain bytes. */
function bytes(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value)
  if (match === null) throw bad(`Invalid mount size ${JSON.stringify(value)}`, 'Write for example 64m or 1g.')
  return Math.floor(Number(match[1]) * 1024 ** 'bkmgtp'.indexOf((match[2] || 'b').toLowerCase()))
}

function bad(message: string, hint?: string): DockerfileError {
  return new DockerfileError('MOUNT_INVALID', message, hint === undefined ? {} : { hint })
}
