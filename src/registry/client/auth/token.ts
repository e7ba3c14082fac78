import { readAll, StreamError, streamOf } from '../../../stream/mod.ts'
import { isLoopback, isMetadataAddress } from '../address.ts'
import type { Credentials } from '../options.ts'
import { RegistryError } from '../registry-error.ts'
import { responseError } from '../response-error.ts'
import type { HttpRequest, HttpResponse, Transport } from '../transport/message.ts'
import type { Challenge } from './challenge.ts'

export interface TokenRequest {
  readonly registry: URL
  readonly challenge: Challenge
  readonly scope: string
  readonly credentials: Credentials | undefined
  readonly userAgent: string
  readonly signal?: AbortSignal | undefined
}

export interface Token {
  readonly value: string
  /** Of `performance.now()`. */
  readonly expires: number
}

const TOKEN_LIMIT = 1 << 20
/** distribution's token specification: what a server that does not say means. */
const DEFAULT_LIFETIME = 60

/** Asks the token server of a Bearer challenge (distribution, "Token Authentication"). @throws RegistryError, TransportError */
export async function fetchToken(request: TokenRequest, transport: Transport): Promise<Token> {
  const realm = realmOf(request)
  const { credentials } = request
  if (credentials !== undefined && 'identityToken' in credentials) {
    const response = await transport.fetch(refreshRequest(request, realm, credentials.identityToken))
    if (response.status !== 404 && response.status !== 405) return parseToken(response, request)
    await response.discard()
  }
  return parseToken(await transport.fetch(getRequest(request, realm)), request)
}

function getRequest({ challenge, scope, credentials, userAgent, signal }: TokenRequest, realm: URL): HttpRequest {
  const url = new URL(realm)
  const service = challenge.parameters['service']
  if (service !== undefined) url.searchParams.set('service', service)
  for (const part of scope.split(' ')) if (part !== '') url.searchParams.append('scope', part)
  const basic = credentials === undefined ? undefined : basicAuthorization(credentials)
  if (credentials !== undefined && 'username' in credentials) url.searchParams.set('account', credentials.username)
  return {
    method: 'GET',
    url,
    headers: { accept: 'application/json', 'user-agent': userAgent, ...(basic !== undefined && { authorization: basic }) },
    signal,
  }
}

function refreshRequest({ challenge, scope, userAgent, signal }: TokenRequest, realm: URL, refreshToken: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'lamina', scope, refresh_token: refreshToken })
  const service = challenge.parameters['service']
  if (service !== undefined) form.set('service', service)
  const bytes = Buffer.from(form.toString())
  const headers = { accept: 'application/json', 'user-agent': userAgent, 'content-type': 'application/x-www-form-urlencoded' }
  const body = { size: bytes.length, open: () => Promise.resolve(streamOf(bytes)) }
  return { method: 'POST', url: realm, headers, body, signal }
}

/** The header for credentials that fit Basic; an identity token goes under the name that docker gives it. */
export function basicAuthorization(credentials: Credentials): string | undefined {
  if ('registryToken' in credentials) return undefined
  const pair = 'username' in credentials ? `${credentials.username}:${credentials.password}` : `<token>:${credentials.identityToken}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** SECURITY: the realm comes from the registry, and credentials go there: never to a metadata service, never in the clear when the registry itself is https. */
function realmOf({ challenge, registry }: TokenRequest): URL {
  const text = challenge.parameters['realm'] ?? ''
  const refuse = (problem: string): RegistryError =>
    new RegistryError(
      'PROTOCOL',
      `${registry.host} names a token server that we do not ask: ${JSON.stringify(text.slice(0, 200))} ${problem}`,
    )
  if (!URL.canParse(text)) throw refuse('is no address')
  const realm = new URL(text)
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') throw refuse('is not http')
  if (realm.username !== '' || realm.password !== '') throw refuse('holds credentials')
  if (isMetadataAddress(realm.hostname)) throw refuse('is a metadata address')
  if (realm.protocol === 'http:' && registry.protocol === 'https:' && !isLoopback(realm.hostname)) throw refuse('is not https')
  return realm
}

async function parseToken(response: HttpResponse, { registry, scope }: TokenRequest): Promise<Token> {
  const what = `token for ${scope}`
  const server = response.url.host
  if (response.status !== 200) throw await responseError(response, { registry: server, what, kind: 'token' })
  const broken = (problem: string, cause?: unknown): RegistryError =>
    new RegistryError(
      'PROTOCOL',
      `Bad ${what} from ${server}, the token server of ${registry.host}: ${problem}`,
      cause === undefined ? {} : { cause },
    )
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(await readAll(response.body, TOKEN_LIMIT)).toString('utf8'))
  } catch (cause) {
    if (cause instanceof SyntaxError) throw broken('it is not JSON')
    if (cause instanceof StreamError) throw broken('it is too large')
    throw cause
  }
  if (typeof json !== 'object' || json === null) throw broken('it is not an object')
  const { token, access_token: accessToken, expires_in: lifetime } = json as Readonly<Record<string, unknown>>
  const value = typeof token === 'string' && token !== '' ? token : accessToken
  // What cannot stand in a header would fail later, with a worse message.
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) throw broken('it has neither token nor access_token')
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : DEFAULT_LIFETIME
  return { value, expires: performance.now() + (seconds - Math.min(10, seconds / 4)) * 1000 }
}
