import { codeOf, unreachable } from '../../kit/mod.ts'
import { accessOf, demand, refuseCrossSite } from './authorize.ts'
import { limitBody } from './body-limit.ts'
import { jsonReply, type RegistryRequest, type Reply } from './message.ts'
import type { Registry } from './registry.ts'
import { deleteBlob, getBlob } from './routes/blobs.ts'
import { listReferrers, listRepositories, listTags } from './routes/lists.ts'
import { deleteManifest, getManifest } from './routes/manifests.ts'
import { discoverExtensions, ping } from './routes/ping.ts'
import { putManifest } from './routes/put-manifest.ts'
import { startUpload } from './routes/start-upload.ts'
import { deleteUpload, getUpload, patchUpload, putUpload } from './routes/uploads.ts'
import { parseTarget, type Target } from './target.ts'
import { errorBody, RegistryError, statusOf } from './wire-errors.ts'

const METHODS: Readonly<Record<Target['kind'], readonly string[]>> = {
  ping: ['GET', 'HEAD'],
  catalog: ['GET', 'HEAD'],
  extensions: ['GET', 'HEAD'],
  blob: ['GET', 'HEAD', 'DELETE'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
  tags: ['GET', 'HEAD'],
  referrers: ['GET', 'HEAD'],
}

export interface Handled {
  readonly reply: Reply
  /** What went wrong inside; the client is told nothing of it. */
  readonly failure?: unknown
}

/** One request through the path grammar, both gates and its route. Never throws. */
export async function handle(registry: Registry, request: RegistryRequest): Promise<Handled> {
  try {
    const target = parseTarget(request.path)
    const methods = METHODS[target.kind]
    if (!methods.includes(request.method)) {
      throw new RegistryError('METHOD_UNSUPPORTED', `${request.method.slice(0, 20)} is not supported here`, {
        headers: { allow: methods.join(', ') },
      })
    }
    refuseCrossSite(request)
    const access = accessOf(request.method, target)
    if (access !== undefined) await demand(registry.authorize, request, access)
    return { reply: await route(registry, limitBody(request, target, registry.limits), target) }
  } catch (error) {
    return replyTo(error)
  }
}

async function route(registry: Registry, request: RegistryRequest, target: Target): Promise<Reply> {
  const { method } = request
  switch (target.kind) {
    case 'ping':
      return ping()
    case 'extensions':
      return discoverExtensions()
    case 'catalog':
      return listRepositories(registry, request)
    case 'tags':
      return listTags(registry, request, target.repository)
    case 'referrers':
      return listReferrers(registry, request, target)
    case 'blob':
      return method === 'DELETE' ? deleteBlob(registry, target) : getBlob(registry, request, target)
    case 'manifest':
      if (method === 'PUT') return putManifest(registry, request, target)
      return method === 'DELETE' ? deleteManifest(registry, target) : getManifest(registry, request, target)
    case 'uploads':
      return startUpload(registry, request, target.repository)
    case 'upload':
      if (method === 'PATCH') return patchUpload(registry, request, target)
      if (method === 'PUT') return putUpload(registry, request, target)
      return method === 'DELETE' ? deleteUpload(registry, target) : getUpload(registry, target)
    default:
      return unreachable(target)
  }
}

function replyTo(error: unknown): Handled {
  const known = error instanceof RegistryError ? error : unexpected(error)
  const reply = jsonReply(statusOf(known.code), errorBody(known), known.headers)
  return known === error ? { reply } : { reply, failure: error }
}

/** SECURITY: the text of other errors holds paths of this machine. */
function unexpected(error: unknown): RegistryError {
  if (isDiskFull(error)) {
    return new RegistryError('DISK_FULL', 'The registry has no room left on its disk', {
      cause: error,
      hint: 'Free some and go on: what has been uploaded so far is kept.',
    })
  }
  return new RegistryError('INTERNAL', 'Something failed inside the registry', { cause: error })
}

const SQLITE_FULL = 13

function isDiskFull(error: unknown): boolean {
  const code = codeOf(error)
  if (code === 'ERR_SQLITE_ERROR') return (error as { readonly errcode?: unknown }).errcode === SQLITE_FULL
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'DISK_FULL'
}
