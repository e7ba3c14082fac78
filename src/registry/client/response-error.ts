import { readAll } from '../../stream/mod.ts'
import { RegistryError, type RegistryErrorCode, type RetryAdvice } from './registry-error.ts'
import type { HttpResponse } from './transport/message.ts'

export interface Asked {
  /** Host of whoever answered: the registry or its token server. */
  readonly registry: string
  /** For people: `manifest latest of library/alpine`. */
  readonly what: string
  readonly kind: 'manifest' | 'blob' | 'upload' | 'token'
  readonly hasCredentials?: boolean
}

const BODY_LIMIT = 64 * 1024
const TEXT_LIMIT = 300

/** The error for a status that says no; reads the body for the server's own words. */
export async function responseError(response: HttpResponse, asked: Asked): Promise<RegistryError> {
  const said = await wordsOf(response)
  const { status } = response
  const retry = retryAdvice(response)
  const [code, hint] = explain(response, asked, said.codes)
  const words = said.text === '' ? '' : `: ${said.text}`
  return new RegistryError(code, `${asked.registry} answered ${status} for ${asked.what}${words}`, {
    status,
    ...(hint !== undefined && { hint }),
    ...(retry !== undefined && { retry }),
  })
}

function explain(response: HttpResponse, asked: Asked, codes: readonly string[]): readonly [RegistryErrorCode, string?] {
  const { status } = response
  if (status === 401) return ['UNAUTHORIZED', loginHint(asked)]
  if (status === 403) return ['DENIED', 'Check the name, and that your account may do this.']
  if (status === 404) return notFound(asked.kind, codes)
  if (status === 429) {
    const wait = response.header('retry-after')
    return ['RATE_LIMITED', `${wait === undefined ? 'Wait' : `Wait until ${describeWait(wait)}`}, or log in for a higher limit.`]
  }
  if (status >= 500) return ['SERVER_ERROR', 'The registry is at fault: try again later, or tell whoever runs it.']
  if (status === 413) return ['REJECTED', 'The registry, or a proxy before it, limits the size.']
  if (status >= 400) return ['REJECTED']
  return ['PROTOCOL', 'Check that this is the address of a registry.']
}

function loginHint({ kind, registry, hasCredentials = kind === 'token' }: Asked): string {
  const how = "docker login puts credentials into docker's config.json."
  if (hasCredentials) return `The credentials for ${registry} were refused: log in again; ${how}`
  return `The repository may be private or absent. Log in to ${registry}: ${how}`
}

function notFound(kind: Asked['kind'], codes: readonly string[]): readonly [RegistryErrorCode, string] {
  if (codes.includes('NAME_UNKNOWN')) return ['NAME_UNKNOWN', 'Check the name of the repository.']
  if (kind === 'blob' || codes.includes('BLOB_UNKNOWN'))
    return ['BLOB_UNKNOWN', 'The registry has lost a part of the image: push it again.']
  if (kind === 'manifest' || codes.includes('MANIFEST_UNKNOWN')) return ['MANIFEST_UNKNOWN', 'Check the name and the tag.']
  return kind === 'upload'
    ? ['NAME_UNKNOWN', 'Check the name of the repository.']
    : ['PROTOCOL', 'Check that this is the address of a registry.']
}

/** distribution-spec, "Error Codes"; of anything else the beginning as text. */
async function wordsOf(response: HttpResponse): Promise<{ readonly text: string; readonly codes: readonly string[] }> {
  let body: string
  try {
    body = Buffer.from(await readAll(response.body, BODY_LIMIT)).toString('utf8')
  } catch {
    return { text: '', codes: [] }
  }
  const entries = entriesOf(body)
  const codes = entries.flatMap((entry) => (typeof entry['code'] === 'string' ? [entry['code']] : []))
  const texts = entries.map((entry) =>
    [entry['code'], entry['message']].filter((part) => typeof part === 'string' && part !== '').join(': '),
  )
  const html = /<(?:html|!doctype)/i.test(body)
  const text = texts.length > 0 ? texts.join('; ') : html ? (/<title>([^<]*)<\/title>/i.exec(body)?.[1] ?? '') : body
  return { text: forTerminal(text), codes }
}

function entriesOf(body: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const json = JSON.parse(body) as { errors?: unknown; details?: unknown; error?: unknown; error_description?: unknown } | null
    if (Array.isArray(json?.errors))
      return json.errors.filter((entry) => typeof entry === 'object' && entry !== null).slice(0, 5) as Record<string, unknown>[]
    // Token servers: docker's {details}, OAuth's {error, error_description}.
    const message = json?.error_description ?? json?.details ?? json?.error
    return typeof message === 'string' ? [{ message }] : []
  } catch {
    return []
  }
}

/** SECURITY: a server's text must not drive the terminal. */
export function forTerminal(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim()
  return clean.length > TEXT_LIMIT ? `${clean.slice(0, TEXT_LIMIT)}…` : clean
}

function retryAdvice(response: HttpResponse): RetryAdvice | undefined {
  const { status } = response
  // 501 and 505 mean "never"; 507 that a person has to make room.
  if (status !== 408 && status !== 429 && (status < 500 || [501, 505, 507].includes(status))) return undefined
  const after = parseRetryAfter(response.header('retry-after'))
  return after === undefined ? {} : { after }
}

/** RFC 9110 section 10.2.3: seconds or a date; as milliseconds from now. */
export function parseRetryAfter(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

function describeWait(text: string): string {
  const after = parseRetryAfter(text)
  return after === undefined ? 'later' : new Date(Date.now() + after).toISOString().replace(/\.\d+Z$/, 'Z')
}
