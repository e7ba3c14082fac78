import type { Store } from '../../store/mod.ts'
import { allowAll, type Authorize } from './authorize.ts'
import { DEFAULT_LIMITS, type BodyLimits } from './body-limit.ts'
import { expireUploads } from './expire-uploads.ts'
import { handle } from './handle.ts'
import { listen, type RequestEvent } from './listen.ts'
import type { Registry, SparsePolicy } from './registry.ts'
import { filesystemStorage } from './storage/filesystem-storage.ts'
import { sqliteStorage } from './storage/sqlite-storage.ts'

export interface RegistryOptions {
  readonly store: Store
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Ends everything at once. */
  readonly signal?: AbortSignal | undefined
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Failures inside, for the log of whoever runs the registry. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** Default: who reaches it may do everything. */
  readonly authorize?: Authorize | undefined
  /** Default `none`. */
  readonly sparse?: SparsePolicy | undefined
  readonly limits?: Partial<BodyLimits> | undefined
  /** Milliseconds after which an untouched upload ends. Default 24 hours. */
  readonly uploadExpiry?: number | undefined
}

export interface RunningRegistry {
  /** `127.0.0.1:5000`. */
  readonly address: string
  /** Finishes the requests that run (30 seconds at most), then closes. The store stays open. */
  close(): Promise<void>
}

const HOUR = 3_600_000
const GRACE = 30_000

/** Serves the store's repositories by the distribution-spec; resolves once connections are taken. Images of the store itself are never seen there. */
export async function startRegistry(options: RegistryOptions): Promise<RunningRegistry> {
  options.signal?.throwIfAborted()
  const { store, uploadExpiry = 24 * HOUR, onError } = options
  const files = filesystemStorage(store)
  const registry: Registry = {
    ...sqliteStorage(store.database, store.roots),
    blobs: files.blobs,
    uploads: files.uploads,
    authorize: options.authorize ?? allowAll,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    sparse: options.sparse ?? 'none',
  }
  const server = await listen((request) => handle(registry, request), options)

  let sweep = Promise.resolve()
  const expire = (): void => {
    sweep = expireUploads(registry, Date.now() - uploadExpiry).catch((error: unknown) => onError?.(error))
  }
  const timer = setInterval(expire, Math.min(HOUR, Math.max(1000, uploadExpiry)))
  timer.unref()
  expire()

  let closed: Promise<void> | undefined
  const close = (grace: number): Promise<void> =>
    (closed ??= (async () => {
      clearInterval(timer)
      await server.close(grace)
      await sweep
      await files[Symbol.asyncDispose]()
    })())
  options.signal?.addEventListener('abort', () => void close(0), { once: true })
  return { address: server.address, close: () => close(GRACE) }
}
