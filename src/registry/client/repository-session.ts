import { retry } from '../../kit/mod.ts'
import type { Reference } from '../../oci/mod.ts'
import { registryOrigin } from './address.ts'
import { createAuthenticator, type Authenticator } from './auth/authenticator.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryError } from './registry-error.ts'
import { responseError, type Asked } from './response-error.ts'
import { retryDelay } from './retry-delay.ts'
import { httpTransport } from './transport/http-transport.ts'
import { TransportError, type HttpRequest, type HttpResponse, type RequestBody, type Transport } from './transport/message.ts'

export interface Call {
  readonly method: HttpRequest['method']
  /** Below `/v2/<name>/`, or a Location that the registry gave. */
  readonly target: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestBody
  /** Every other status is an error. */
  readonly accept: readonly number[]
  readonly kind: Asked['kind']
  /** For people: `manifest latest`; the repository is added. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
  /** False where the caller tries again by itself. */
  readonly retries?: boolean
}

/** One repository of one registry: knows how to ask, to prove who we are, and to try again. */
export interface RepositorySession extends Disposable {
  /** For people: `localhost:5000/team/web`. */
  readonly name: string
  readonly origin: URL
  readonly options: RegistryOptions
  /** @throws RegistryError, or the signal's reason. The caller reads or discards the answer's body. */
  send(call: Call): Promise<HttpResponse>
  /** Our error for one of the transport's; anything else as it is. */
  explain(error: unknown, what: string): unknown
  /** Milliseconds to wait before try number `attempt`, said to the user; undefined to give up. */
  delayBefore(attempt: number, error: unknown): number | undefined
}

export function openRepository(reference: Reference, actions: 'pull' | 'pull,push', options: RegistryOptions): RepositorySession {
  const origin = registryOrigin(reference, options)
  const transport = httpTransport({ ca: options.ca })
  const userAgent = options.userAgent ?? 'lamina'
  const credentialsFor = options.credentialsFor ?? ((): undefined => undefined)
  const scope = `repository:${reference.path}:${actions}`
  const authenticator = createAuthenticator({ registry: origin, host: reference.host, scope, credentialsFor, userAgent }, transport)
  let answered = false

  const delayBefore = (attempt: number, error: unknown): number | undefined => {
    const delay = retryDelay(attempt, error, options.retries, answered)
    if (delay !== undefined) options.onRetry?.(`${(error as Error).message}; trying again in ${(delay / 1000).toFixed(1)} s`)
    return delay
  }
  const explain = (error: unknown, what: string): unknown => explainTransport(error, `${what} of ${reference.path}`)

  const once = async (call: Call): Promise<HttpResponse> => {
    const url = call.target instanceof URL ? call.target : new URL(`/v2/${reference.path}/${call.target}`, origin)
    try {
      const response = await authorized(
        { ...call, url, headers: { 'user-agent': userAgent, ...call.headers } },
        { origin, authenticator, transport },
      )
      answered = true
      if (call.accept.includes(response.status)) return response
      const what = `${call.what} of ${reference.path}`
      throw await responseError(response, {
        registry: reference.host,
        what,
        kind: call.kind,
        hasCredentials: await authenticator.hasCredentials(),
      })
    } catch (error) {
      throw explain(error, call.what)
    }
  }

  return {
    name: `${reference.host}/${reference.path}`,
    origin,
    options,
    explain,
    delayBefore,
    async send(call): Promise<HttpResponse> {
      const signal = joinSignals(options.signal, call.signal)
      const joined = { ...call, signal }
      if (call.retries === false) return once(joined)
      return retry(() => once(joined), { attempts: Infinity, delay: (error, attempt) => delayBefore(attempt, error), signal })
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}

/** Sends with what we know; after a 401 once more with what it taught us. */
async function authorized(
  request: HttpRequest,
  { origin, authenticator, transport }: { readonly origin: URL; readonly authenticator: Authenticator; readonly transport: Transport },
): Promise<HttpResponse> {
  // SECURITY: an upload Location may lie on another host; it gets no credentials of ours.
  if (request.url.origin !== origin.origin) return transport.fetch(request)
  const send = (authorization: string | undefined): Promise<HttpResponse> =>
    transport.fetch({ ...request, headers: { ...request.headers, ...(authorization !== undefined && { authorization }) } })
  const used = await authenticator.authorization(request.signal)
  const response = await send(used)
  // After a redirect the 401 is another host's, and its challenge none of ours.
  if (response.status !== 401 || response.url.origin !== origin.origin) return response
  if (!(await authenticator.learn(response, used, request.signal))) return response
  await response.discard()
  return send(await authenticator.authorization(request.signal))
}

function explainTransport(error: unknown, what: string): unknown {
  if (!(error instanceof TransportError)) return error
  const code = error.code === 'INTERRUPTED' ? 'UNREACHABLE' : error.code
  return new RegistryError(code, `${error.message} (asked for ${what})`, {
    cause: error.cause,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.code === 'INTERRUPTED' && { retry: {} }),
  })
}

export function joinSignals(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const present = [...new Set(signals)].filter((signal) => signal !== undefined)
  return present.length > 1 ? AbortSignal.any(present) : present[0]
}
