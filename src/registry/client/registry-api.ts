import { codeOf, retry } from '../../kit/mod.ts'
import { familiarRepository, type Reference } from '../../oci/mod.ts'
import { readAll } from '../../stream/mod.ts'
import { registryOrigin } from './address.ts'
import { Authorizer } from './auth/authorizer.ts'
import type { RegistryOptions } from './options.ts'
import { RegistryError, type RegistryErrorCode, type RetryAdvice } from './registry-error.ts'
import { httpTransport } from './transport/http-transport.ts'
import { TransportError, type HttpRequest, type HttpResponse, type RequestBody } from './transport/message.ts'

const ATTEMPTS = 5
const FIRST_DELAY = 300
const LONGEST_DELAY = 60_000
const ERROR_LIMIT = 64 << 10

export interface ApiRequest {
  readonly method: HttpRequest['method']
  /** Below /v2/<repository>/, or a whole URL. */
  readonly path: string | URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestBody | undefined
  /** What is asked, for people: `manifest 1.0`. */
  readonly what: string
  readonly unknown: Extract<RegistryErrorCode, 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN'>
  /** Statuses that are answers; any other is an error. */
  readonly accept: readonly number[]
  readonly signal?: AbortSignal | undefined
}

/** One repository of one registry: requests with credentials, retries and errors that say what was asked. */
export class RegistryApi implements AsyncDisposable {
  readonly repository: string
  readonly host: string
  readonly #origin: URL
  readonly #options: RegistryOptions
  readonly #transport: ReturnType<typeof httpTransport>
  readonly #authorizer: Authorizer

  constructor(reference: Reference, actions: string, options: RegistryOptions) {
    this.repository = familiarRepository(reference)
    this.host = reference.host
    this.#options = options
    this.#origin = registryOrigin(reference, options)
    this.#transport = httpTransport({ ca: options.ca })
    this.#authorizer = new Authorizer({
      transport: this.#transport,
      credentials: async () => options.credentialsFor?.(reference.host),
      scope: `repository:${reference.path}:${actions}`,
      userAgent: this.#userAgent,
      signal: options.signal,
    })
    this.#base = new URL(`/v2/${reference.path}/`, this.#origin)
  }

  readonly #base: URL

  get #userAgent(): string {
    return this.#options.userAgent ?? 'lamina'
  }

  /** Tries again what may yet work. The caller reads or discards the body. */
  async request(request: ApiRequest): Promise<HttpResponse> {
    return this.retrying(() => this.once(request), request.signal)
  }

  async retrying<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { attempts = ATTEMPTS, firstDelay = FIRST_DELAY } = this.#options.retries ?? {}
    let refused = 0
    return retry(task, {
      attempts,
      signal: signal ?? this.#options.signal,
      delay: (error, attempt) => {
        const advice = adviceOf(error)
        // Where nobody listens, waiting long helps nobody; a registry that just starts is given one chance.
        if (advice === undefined || (codeOf(error) === 'UNREACHABLE' && refused++ > 0)) return undefined
        const wait = Math.min(LONGEST_DELAY, advice.after ?? firstDelay * 2 ** (attempt - 2) * (0.75 + Math.random() / 2))
        this.#options.onRetry?.(`${this.host}: ${(error as Error).message}; trying again in ${(wait / 1000).toFixed(1)}s`)
        return wait
      },
    })
  }

  async once(request: ApiRequest): Promise<HttpResponse> {
    let response = await this.#send(request)
    if (response.status === 401 && (await this.#authorizer.answer(response))) {
      await response.discard()
      response = await this.#send(request)
    }
    if (request.accept.includes(response.status)) return response
    throw await this.#errorOf(response, request)
  }

  async #send({ method, path, headers, body, what, signal }: ApiRequest): Promise<HttpResponse> {
    const url = path instanceof URL ? path : new URL(path, this.#base)
    // SECURITY: an upload may go to another host; what we have for this registry is not for that one.
    const authorization = url.host === this.#origin.host ? this.#authorizer.header() : undefined
    try {
      return await this.#transport.fetch({
        method,
        url,
        headers: { 'user-agent': this.#userAgent, ...headers, ...(authorization === undefined ? {} : { authorization }) },
        body,
        signal: signal ?? this.#options.signal,
      })
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      throw this.transportError(error, what)
    }
  }

  transportError(error: TransportError, what: string): RegistryError {
    const message = `${this.host}: cannot get ${what} of ${this.repository}: ${error.message}`
    const code = error.code === 'INTERRUPTED' ? 'TRUNCATED' : error.code
    const hint = error.hint ?? { UNREACHABLE: 'Is the registry running, and is its name right?', TLS: 'Trust its authority with --ca FILE, or use --plain-http for a registry without TLS', TRUNCATED: undefined, PROTOCOL: undefined }[code]
    const retryable = code === 'UNREACHABLE' || code === 'TRUNCATED' ? { retry: {} } : {}
    return new RegistryError(code, message, { cause: error, ...(hint === undefined ? {} : { hint }), ...retryable })
  }

  async #errorOf(response: HttpResponse, { what, unknown }: ApiRequest): Promise<RegistryError> {
    const { status } = response
    const said = await errorText(response)
    const [code, meaning, hint] = explain(status, unknown)
    const message = `${this.host}: ${meaning} ${what} of ${this.repository} (status ${status}${said === '' ? '' : `: ${said}`})`
    const retryAfter = retryAdvice(status, response.header('retry-after'))
    return new RegistryError(code, message, { status, ...(hint === undefined ? {} : { hint }), ...(retryAfter === undefined ? {} : { retry: retryAfter }) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport[Symbol.dispose]()
  }
}

function adviceOf(error: unknown): RetryAdvice | undefined {
  if (error instanceof RegistryError) return error.retry
  return error instanceof TransportError && error.code === 'INTERRUPTED' ? {} : undefined
}

function explain(status: number, unknown: RegistryErrorCode): readonly [RegistryErrorCode, string, string?] {
  if (status === 401) return ['UNAUTHORIZED', 'no valid credentials for', "Put credentials for it into docker's config.json (`docker login` does), or point DOCKER_CONFIG at one"]
  if (status === 403) return ['DENIED', 'access denied to', 'The credentials are known but may not do this']
  if (status === 404) return [unknown, 'not found:', 'Is the name right, and has it been pushed? Some registries say so too where credentials are missing']
  if (status === 429) return ['RATE_LIMITED', 'too many requests for', 'Wait a while, or log in: known users often may ask more']
  if (status >= 500) return ['SERVER_ERROR', 'the registry failed on', 'Nothing was lost here; try again later']
  return ['REJECTED', 'the registry rejected']
}

function retryAdvice(status: number, after: string | undefined): RetryAdvice | undefined {
  if (status !== 408 && status !== 429 && status < 500) return undefined
  if (after === undefined) return {}
  const wait = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now()
  return Number.isNaN(wait) ? {} : { after: Math.max(0, wait) }
}

/** The registry's own words, or the beginning of whatever it sent. */
async function errorText(response: HttpResponse): Promise<string> {
  let text: string
  try {
    text = new TextDecoder().decode(await readAll(response.body, ERROR_LIMIT))
  } catch {
    return ''
  }
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: string; message?: string }[] }
    text = (errors ?? []).map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ')
  } catch {
    // no JSON: as it is
  }
  // oxlint-disable-next-line no-control-regex -- a registry must not write to the user's terminal
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim().slice(0, 300)
}
