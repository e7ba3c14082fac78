import { readAll } from '../../../stream/mod.ts'
import { isMetadataAddress } from '../address.ts'
import type { Credentials } from '../options.ts'
import { RegistryError } from '../registry-error.ts'
import type { HttpResponse, Transport } from '../transport/message.ts'
import { parseChallenges } from './challenge.ts'

const TOKEN_LIMIT = 1 << 20
/** SPEC: distribution token specification: without expires_in a token is good for 60 seconds. */
const DEFAULT_SECONDS = 60
const SLACK_SECONDS = 10

export interface AuthorizerOptions {
  readonly transport: Transport
  readonly credentials: () => Promise<Credentials | undefined>
  readonly scope: string
  readonly userAgent: string
  readonly signal?: AbortSignal | undefined
}

/** Answers the challenges of one registry for one repository; keeps what it was given until it expires. */
export class Authorizer {
  readonly #options: AuthorizerOptions
  #header: { readonly value: string; readonly until: number } | undefined

  constructor(options: AuthorizerOptions) {
    this.#options = options
  }

  /** For the next request, or undefined when nothing was asked for yet. */
  header(): string | undefined {
    return this.#header !== undefined && this.#header.until > Date.now() ? this.#header.value : undefined
  }

  /** After a 401: gets what is asked for. False when there is nothing that could help. */
  async answer(response: HttpResponse): Promise<boolean> {
    const challenges = parseChallenges(response.headers('www-authenticate'))
    const credentials = await this.#options.credentials()
    if (credentials !== undefined && 'registryToken' in credentials) return this.#set(`Bearer ${credentials.registryToken}`)
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer?.parameters['realm'] !== undefined) return this.#bearer(bearer.parameters, credentials)
    if (challenges.some(({ scheme }) => scheme === 'basic') && credentials !== undefined && 'username' in credentials) return this.#set(basic(credentials))
    return false
  }

  #set(value: string, seconds = Number.POSITIVE_INFINITY): boolean {
    const before = this.#header?.value
    this.#header = { value, until: Date.now() + Math.max(1, seconds - SLACK_SECONDS) * 1000 }
    // The same once more would be refused once more.
    return before !== value
  }

  async #bearer(parameters: Readonly<Record<string, string>>, credentials: Credentials | undefined): Promise<boolean> {
    const realm = realmOf(parameters['realm'] ?? '')
    const scope = parameters['scope'] ?? this.#options.scope
    if (credentials !== undefined && 'identityToken' in credentials) {
      const answer = await this.#post(realm, parameters['service'], scope, credentials.identityToken)
      if (answer !== undefined) return this.#token(answer, realm)
    }
    const url = new URL(realm)
    if (parameters['service'] !== undefined) url.searchParams.set('service', parameters['service'])
    for (const one of scope.split(' ')) if (one !== '') url.searchParams.append('scope', one)
    const authorization = credentials !== undefined && 'username' in credentials ? { authorization: basic(credentials) } : {}
    const { transport, signal, userAgent } = this.#options
    return this.#token(await transport.fetch({ method: 'GET', url, headers: { 'user-agent': userAgent, ...authorization }, signal }), realm)
  }

  /** Undefined: the token server knows GET only. */
  async #post(url: URL, service: string | undefined, scope: string, refreshToken: string): Promise<HttpResponse | undefined> {
    const { transport, signal, userAgent } = this.#options
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'lamina', scope, ...(service === undefined ? {} : { service }) })
    const bytes = new TextEncoder().encode(form.toString())
    const body = {
      size: bytes.length,
      open: async () =>
        (async function* () {
          yield bytes
        })(),
    }
    const response = await transport.fetch({ method: 'POST', url, headers: { 'user-agent': userAgent, 'content-type': 'application/x-www-form-urlencoded' }, body, signal })
    if (response.status !== 404 && response.status !== 405) return response
    await response.discard()
    return undefined
  }

  async #token(response: HttpResponse, realm: URL): Promise<boolean> {
    if (response.status !== 200) {
      await response.discard()
      if (response.status === 401 || response.status === 403) return false
      throw new RegistryError('SERVER_ERROR', `The token server ${realm.host} answered with status ${response.status}`, { status: response.status })
    }
    let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown }
    try {
      answer = JSON.parse(new TextDecoder().decode(await readAll(response.body, TOKEN_LIMIT))) as typeof answer
    } catch (cause) {
      throw new RegistryError('PROTOCOL', `The token server ${realm.host} gave no JSON`, { cause })
    }
    const token = answer.token ?? answer.access_token
    if (typeof token !== 'string' || token === '') throw new RegistryError('PROTOCOL', `The token server ${realm.host} gave no token`)
    return this.#set(`Bearer ${token}`, typeof answer.expires_in === 'number' ? answer.expires_in : DEFAULT_SECONDS)
  }
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function realmOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // SECURITY: a registry must not make us ask a cloud's metadata service, nor send credentials to what is no web address.
  if (url === undefined || !/^https?:$/.test(url.protocol) || isMetadataAddress(url.hostname)) {
    throw new RegistryError('PROTOCOL', `The registry names a token server that we will not ask: ${JSON.stringify(text.slice(0, 200))}`)
  }
  return url
}
