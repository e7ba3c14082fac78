import { isMetadataAddress } from '../address.ts'
import { TransportError, type HttpRequest, type HttpResponse } from './message.ts'

const MOST_REDIRECTS = 5

/**
 * SECURITY: Authorization goes to the origin that it was made for and nowhere else; no step from https to http;
 * nobody sends us to a cloud's metadata service.
 */
export async function followRedirects(request: HttpRequest, send: (request: HttpRequest) => Promise<HttpResponse>): Promise<HttpResponse> {
  let at = request
  for (let count = 0; ; count++) {
    const response = await send(at)
    if (![301, 302, 303, 307, 308].includes(response.status)) return response
    const location = response.header('location')
    await response.discard()
    const next = location === undefined ? undefined : parse(location, at.url)
    const problem = count >= MOST_REDIRECTS ? `more than ${MOST_REDIRECTS} redirects` : problemOf(at.url, next)
    if (problem !== undefined || next === undefined)
      throw new TransportError('PROTOCOL', `${request.url.host} redirected ${request.method} badly: ${problem}`)
    const safe = at.method === 'GET' || at.method === 'HEAD'
    const turnsToGet = response.status === 303 && !safe
    if (!safe && response.status < 303)
      throw new TransportError('PROTOCOL', `${request.url.host} redirected ${request.method} with ${response.status}`)
    const headers = next.origin === at.url.origin ? at.headers : without(at.headers, 'authorization')
    at = { ...at, url: next, headers, ...(turnsToGet && { method: 'GET' as const, body: undefined }) }
  }
}

function parse(location: string, base: URL): URL | undefined {
  return URL.canParse(location, base) ? new URL(location, base) : undefined
}

function problemOf(from: URL, to: URL | undefined): string | undefined {
  if (to === undefined) return 'no usable Location'
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return `to ${to.protocol}`
  if (from.protocol === 'https:' && to.protocol === 'http:') return 'from https to http'
  if (isMetadataAddress(to.hostname) && to.hostname !== from.hostname) return 'to a metadata address'
  return undefined
}

function without(headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name))
}
