import type { Credentials } from '../options.ts'
import { RegistryError } from '../registry-error.ts'
import type { HttpResponse, Transport } from '../transport/message.ts'
import { parseChallenges, type Challenge } from './challenge.ts'
import { basicAuthorization, fetchToken, type Token } from './token.ts'

export interface AuthenticatorOptions {
  readonly registry: URL
  /** Of the reference, by which credentials are kept. */
  readonly host: string
  /** What this session is for: `repository:library/alpine:pull`. */
  readonly scope: string
  readonly credentialsFor: (host: string) => Credentials | undefined | Promise<Credentials | undefined>
  readonly userAgent: string
}

/** Answers the challenges of one registry. Learns from the first 401, so no ping is needed. */
export interface Authenticator {
  /** The header for the next request, or undefined before the first challenge. A token about to expire is renewed first. */
  authorization(signal?: AbortSignal): Promise<string | undefined>
  /** Learns from a 401 to a request sent with `used`. True when trying again makes sense. @throws RegistryError UNAUTHORIZED */
  learn(response: HttpResponse, used: string | undefined, signal?: AbortSignal): Promise<boolean>
  /** For the hint of a refusal. */
  hasCredentials(): Promise<boolean>
}

export function createAuthenticator(options: AuthenticatorOptions, transport: Transport): Authenticator {
  const tokens = new Map<string, Promise<Token>>()
  let credentials: Promise<Credentials | undefined> | undefined
  let fixed: string | undefined
  let bearer: { readonly challenge: Challenge; readonly scope: string } | undefined

  const known = (): Promise<Credentials | undefined> => (credentials ??= Promise.resolve(options.credentialsFor(options.host)))

  const requestToken = async (signal: AbortSignal | undefined): Promise<Token> => {
    if (bearer === undefined) throw new Error('no challenge')
    const request = { ...options, ...bearer, signal, credentials: await known() }
    try {
      return await fetchToken(request, transport)
    } catch (error) {
      // Stale credentials must not keep anybody from what is public.
      const stale = error instanceof RegistryError && error.code === 'UNAUTHORIZED' && request.credentials !== undefined
      if (!stale || !options.scope.endsWith(':pull')) throw error
      return fetchToken({ ...request, credentials: undefined }, transport).catch(() => {
        throw error
      })
    }
  }

  const token = async (signal: AbortSignal | undefined): Promise<Token> => {
    const key = bearer?.scope ?? ''
    const cached = await tokens.get(key)?.catch(() => undefined)
    if (cached !== undefined && cached.expires > performance.now()) return cached
    const running = tokens.get(key)
    // Several requests that find the token expired wait for one answer.
    const fresh = running === undefined || cached !== undefined ? requestToken(signal) : running
    tokens.set(key, fresh)
    fresh.catch(() => tokens.get(key) === fresh && tokens.delete(key))
    return fresh
  }

  return {
    async authorization(signal): Promise<string | undefined> {
      if (fixed !== undefined || bearer === undefined) return fixed
      return `Bearer ${(await token(signal)).value}`
    },

    async learn(response, used, signal): Promise<boolean> {
      const challenges = parseChallenges(response.headers('www-authenticate'))
      const given = await known()
      const wanted = challenges.find(({ scheme }) => scheme === 'bearer')
      if (given !== undefined && 'registryToken' in given) {
        fixed = `Bearer ${given.registryToken}`
        return used !== fixed
      }
      if (wanted !== undefined) {
        bearer = { challenge: wanted, scope: mergeScopes(options.scope, wanted.parameters['scope']) }
        const current = await tokens.get(bearer.scope)?.catch(() => undefined)
        // Refused with the token that we would use again: it was revoked, or time ran differently there.
        if (current !== undefined && used === `Bearer ${current.value}`) tokens.delete(bearer.scope)
        await token(signal)
        return true
      }
      const basic = given === undefined ? undefined : basicAuthorization(given)
      if (basic === undefined || !challenges.some(({ scheme }) => scheme === 'basic')) return false
      fixed = basic
      return used !== basic
    },

    hasCredentials: async () => (await known()) !== undefined,
  }
}

/** Every resource once, with the actions of both. */
export function mergeScopes(ours: string, theirs: string | undefined): string {
  const actions = new Map<string, Set<string>>()
  for (const scope of `${ours} ${theirs ?? ''}`.split(' ')) {
    // SPEC: token scope, "type:name:actions"; a name may hold host:port, so the last colon parts the actions.
    const colon = scope.lastIndexOf(':')
    if (colon <= 0) continue
    const resource = scope.slice(0, colon)
    const known = actions.get(resource) ?? new Set()
    for (const action of scope.slice(colon + 1).split(',')) if (action !== '') known.add(action)
    actions.set(resource, known)
  }
  return [...actions].map(([resource, all]) => `${resource}:${[...all].join(',')}`).join(' ')
}
