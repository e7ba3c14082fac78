import { CodedError } from '../kit/mod.ts'
import { digestProblem, type Digest } from './digest.ts'
import { repositoryNameProblem, shorten, tagProblem, type NameProblem } from './repository-name.ts'

/** A name of an image, always in canonical form: `docker.io` and `library/` are filled in. */
export interface Reference {
  /** With the port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly host: string
  /** Without the host: `library/alpine`. */
  readonly path: string
  readonly tag?: string
  readonly digest?: Digest
}

export class InvalidReferenceError extends CodedError<'REFERENCE_INVALID'> {}

export interface ParseReferenceOptions {
  /** Add `:latest` where there is neither tag nor digest. Default true. */
  readonly defaultTag?: boolean
}

const DEFAULT_HOST = 'docker.io'
const OFFICIAL = 'library/'
const HEX64 = /^[0-9a-f]{64}$/

/**
 * Parses `[host[:port]/]path[:tag][@digest]` as docker does (distribution/reference), a little stricter where docker would ask the wrong registry.
 * @throws InvalidReferenceError naming the rule that was broken
 */
export function parseReference(text: string, options: ParseReferenceOptions = {}): Reference {
  const broken = (problem: NameProblem): InvalidReferenceError =>
    new InvalidReferenceError('REFERENCE_INVALID', `Invalid reference ${JSON.stringify(shorten(text))}: ${problem.rule}`, {
      hint: problem.hint,
    })
  const whole = wholeProblem(text)
  if (whole !== undefined) throw broken(whole)

  const [name = '', digest, ...more] = text.split('@')
  if (more.length > 0) throw broken({ rule: 'it has more than one "@"', hint: 'Write one digest only.' })
  if (digest !== undefined) {
    const problem = digestProblem(digest)
    if (problem !== undefined) throw broken({ rule: problem, hint: digestHint(digest) })
  }

  const { host, rest } = splitHost(name)
  const port = hostProblem(host)
  if (port !== undefined) throw broken(port)
  const colon = rest.lastIndexOf(':')
  const hasTag = colon > rest.lastIndexOf('/')
  const short = hasTag ? rest.slice(0, colon) : rest
  // SPEC: Docker Hub keeps what has no user under library/; the limit of 255 counts it.
  const path = host === DEFAULT_HOST && short !== '' && !short.includes('/') ? OFFICIAL + short : short
  const problem = (short === path ? undefined : repositoryNameProblem(short)) ?? repositoryNameProblem(path)
  if (problem !== undefined) throw broken(problem)
  const tag = hasTag ? rest.slice(colon + 1) : undefined
  const tagFault = tag === undefined ? undefined : tagProblem(tag)
  if (tagFault !== undefined) throw broken(tagFault)
  if (digest !== undefined) return { host, path, ...(tag === undefined ? {} : { tag }), digest: digest as Digest }
  if (tag !== undefined) return { host, path, tag }
  return options.defaultTag === false ? { host, path } : { host, path, tag: 'latest' }
}

/** The one text of a reference, to compare and to keep: `docker.io/library/alpine:latest`. */
export function formatReference(reference: Reference): string {
  return repositoryOf(reference) + suffix(reference)
}

/** As people write it: `alpine:latest`. Parses back to the same reference. */
export function familiarReference(reference: Reference): string {
  return familiarRepository(reference) + suffix(reference)
}

/** `docker.io/library/alpine`. */
export function repositoryOf(reference: Pick<Reference, 'host' | 'path'>): string {
  return `${reference.host}/${reference.path}`
}

/** `alpine`, `library/a/b`, `localhost:5000/app`. */
export function familiarRepository(reference: Pick<Reference, 'host' | 'path'>): string {
  const { host, path } = reference
  if (host !== DEFAULT_HOST) return `${host}/${path}`
  const official = path.startsWith(OFFICIAL) && !path.includes('/', OFFICIAL.length)
  const short = official ? path.slice(OFFICIAL.length) : path
  // Where the short form would mean something else (`localhost/app` on Docker Hub, a name like an image ID) the host stays.
  const slash = short.indexOf('/')
  return (slash >= 0 && looksLikeHost(short.slice(0, slash))) || HEX64.test(short) ? `${host}/${short}` : short
}

/** The host to connect to, with its port where the reference has one. */
export function networkHost(reference: Pick<Reference, 'host'>): string {
  return reference.host === DEFAULT_HOST ? 'registry-1.docker.io' : reference.host
}

/** True for what may be the beginning of an image ID: hex digits, with or without `sha256:`. Names win over IDs. */
export function isImageIdPrefix(text: string): boolean {
  return /^(?:sha256:)?[0-9a-f]{1,64}$/.test(text)
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
}

function wholeProblem(text: string): NameProblem | undefined {
  if (text === '') return { rule: 'it is empty', hint: 'Write a name such as alpine:3.19.' }
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text)
  if (scheme !== null) {
    return { rule: `it starts with a scheme, ${scheme[0]}`, hint: `Drop the scheme: ${shorten(text.slice(scheme[0].length))}` }
  }
  if (/\s/.test(text)) return { rule: 'it contains white space', hint: 'Remove the white space.' }
  if (HEX64.test(text)) {
    return {
      rule: '64 hex digits alone are an image ID, never a name',
      hint: `To name a repository so, write docker.io/${text.slice(0, 12)}….`,
    }
  }
  return undefined
}

function digestHint(digest: string): string {
  if (/^[^:]*:[^:]*:/.test(digest)) return 'The tag goes before the digest: name:tag@algorithm:hex.'
  return 'Copy the whole digest, as in name@sha256:<64 hex digits>.'
}

/** SPEC: distribution/reference splitDockerDomain; without a slash everything is a path on Docker Hub, so `localhost:5000` has a tag. */
function splitHost(name: string): { readonly host: string; readonly rest: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  if (!looksLikeHost(first)) return { host: DEFAULT_HOST, rest: name }
  const rest = name.slice(slash + 1)
  return { host: first === `index.${DEFAULT_HOST}` ? DEFAULT_HOST : first, rest }
}

function looksLikeHost(first: string): boolean {
  return first === 'localhost' || /[.:A-Z[\]]/.test(first)
}

function hostProblem(host: string): NameProblem | undefined {
  const parts = /^(\[[^\]]*\]|[^:[]*)(?::(.*))?$/s.exec(host)
  const [, name = '', port] = parts ?? []
  if (parts === null || name === '') {
    return { rule: `${JSON.stringify(shorten(host))} is no host`, hint: 'Put an IPv6 address in brackets: [::1]:5000/app.' }
  }
  if (port !== undefined && !/^[0-9]+$/.test(port)) {
    return { rule: `the port ${JSON.stringify(shorten(port))} is not a number`, hint: 'Write host:port/path:tag, the port in digits.' }
  }
  if (name.startsWith('[')) {
    if (/^\[[0-9A-Fa-f:]+\]$/.test(name)) return undefined
    return { rule: `${JSON.stringify(shorten(name))} is no IPv6 address`, hint: 'Use hex digits and colons only, without a zone.' }
  }
  // SECURITY: distribution/reference takes ex_ample.com for a path and asks Docker Hub for it.
  if (name.includes('_'))
    return { rule: `the host ${JSON.stringify(shorten(name))} contains "_"`, hint: 'Host names have letters, digits, "-" and ".".' }
  for (const label of name.split('.')) {
    if (/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label)) continue
    return {
      rule: `${JSON.stringify(shorten(name))} is no host`,
      hint: 'Before the first slash stands a host when it has a dot, a colon or an upper-case letter; host names have letters, digits, "-" and ".".',
    }
  }
  return undefined
}
