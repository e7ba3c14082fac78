import { unreachable } from '../../kit/mod.ts'
import type { RegistryRequest } from './message.ts'
import type { Target } from './target.ts'
import { RegistryError } from './wire-errors.ts'

export type Action = 'pull' | 'push' | 'delete'

/** One right that a request needs. `registry:catalog` is the list of all repositories. */
export type Access =
  | { readonly type: 'repository'; readonly name: string; readonly action: Action }
  | { readonly type: 'registry'; readonly name: 'catalog'; readonly action: '*' }

export type Decision = 'allow' | 'unauthorized' | 'denied'

/** The one authorisation gate: asked once for every right that a request needs, before its route runs, and by routes that reach into other repositories. */
export type Authorize = (request: RegistryRequest, access: Access) => Decision | Promise<Decision>

/** Who reaches us may do everything: for loopback. */
export const allowAll: Authorize = () => 'allow'

/** What a request needs; nothing for a ping and the list of extensions. */
export function accessOf(method: string, target: Target): Access | undefined {
  switch (target.kind) {
    case 'ping':
      return undefined
    case 'extensions':
      return target.repository === undefined ? undefined : { type: 'repository', name: target.repository, action: 'pull' }
    case 'catalog':
      return { type: 'registry', name: 'catalog', action: '*' }
    case 'uploads':
    case 'upload':
      return { type: 'repository', name: target.repository, action: 'push' }
    case 'blob':
    case 'manifest':
    case 'tags':
    case 'referrers':
      return { type: 'repository', name: target.repository, action: actionOf(method) }
    default:
      return unreachable(target)
  }
}

function actionOf(method: string): Action {
  if (method === 'GET' || method === 'HEAD') return 'pull'
  return method === 'DELETE' ? 'delete' : 'push'
}

/** @throws RegistryError UNAUTHORIZED, DENIED */
export async function demand(authorize: Authorize, request: RegistryRequest, access: Access): Promise<void> {
  const answer = authorize(request, access)
  const decision = typeof answer === 'string' ? answer : await answer
  if (decision === 'allow') return
  if (decision === 'unauthorized') throw new RegistryError('UNAUTHORIZED', `Authentication is needed to ${access.action} ${access.name}`)
  throw new RegistryError('DENIED', `You may not ${access.action} ${access.name}`)
}

/**
 * SECURITY: a page in the user's browser may send simple POSTs to a registry on loopback; browsers say so in Sec-Fetch-Site.
 * @throws RegistryError DENIED
 */
export function refuseCrossSite(request: RegistryRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const site = request.headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return
  throw new RegistryError('DENIED', 'A page of another site may not change this registry')
}
