/** For tests of this module only: a registry without sockets. */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseDigest, type Algorithm, type Digest } from '../../oci/mod.ts'
import { openStore, type Store } from '../../store/mod.ts'
import type { ByteStream } from '../../stream/mod.ts'
import { allowAll } from './authorize.ts'
import { DEFAULT_LIMITS } from './body-limit.ts'
import { handle } from './handle.ts'
import type { RegistryRequest } from './message.ts'
import type { Registry } from './registry.ts'
import { filesystemStorage } from './storage/filesystem-storage.ts'
import { sqliteStorage } from './storage/sqlite-storage.ts'

export interface TestStore extends AsyncDisposable {
  readonly store: Store
}

/** A store in a directory of its own. */
export async function temporaryStore(): Promise<TestStore> {
  const path = await mkdtemp(join(tmpdir(), 'lamina-registry-'))
  const store = await openStore(join(path, 'store'))
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(path, { recursive: true, force: true })
    },
  }
}

export interface TestReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly bytes: Uint8Array
  readonly text: string
  /** Codes of the errors in the body. */
  readonly codes: readonly string[]
  /** What the client was not told. */
  readonly failure: unknown
}

export interface Send {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | ByteStream
}

export interface TestRegistry extends AsyncDisposable {
  readonly store: Store
  readonly registry: Registry
  /** Without any socket. A body of text or bytes has a Content-Length, a stream has none. */
  send(method: string, url: string, send?: Send): Promise<TestReply>
  /** Pushes a blob with one POST. */
  pushBlob(repository: string, bytes: string | Uint8Array, algorithm?: Algorithm): Promise<Digest>
  /** Pushes a manifest document by tag or digest. */
  pushManifest(repository: string, document: object, tag?: string): Promise<Digest>
}

export async function testRegistry(overrides: Partial<Registry> = {}): Promise<TestRegistry> {
  const { store, [Symbol.asyncDispose]: removeStore } = await temporaryStore()
  const files = filesystemStorage(store)
  const registry: Registry = {
    ...sqliteStorage(store.database, store.roots),
    blobs: files.blobs,
    uploads: files.uploads,
    authorize: allowAll,
    limits: DEFAULT_LIMITS,
    sparse: 'none',
    ...overrides,
  }
  const send: TestRegistry['send'] = async (method, url, options = {}) => {
    const { reply, failure } = await handle(registry, requestOf(method, url, options))
    const pieces: Uint8Array[] = []
    if (typeof reply.body === 'string') pieces.push(Buffer.from(reply.body))
    else if (reply.body instanceof Uint8Array) pieces.push(reply.body)
    // A piece is only good until the next one is asked for.
    else if (reply.body !== undefined) for await (const piece of reply.body) pieces.push(Buffer.from(piece))
    const bytes = Buffer.concat(pieces)
    return { status: reply.status, headers: reply.headers, bytes, text: bytes.toString(), codes: codesIn(bytes.toString()), failure }
  }
  return {
    store,
    registry,
    send,
    async pushBlob(repository, bytes, algorithm = 'sha256') {
      const digest = digestOfBytes(bytes, algorithm)
      const { status } = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes })
      if (status !== 201) throw new Error(`Push of a blob ended with ${status}`)
      return digest
    },
    async pushManifest(repository, document, tag) {
      const body = JSON.stringify(document)
      const digest = digestOfBytes(body)
      const reply = await send('PUT', `/v2/${repository}/manifests/${tag ?? digest}`, { body })
      if (reply.status !== 201) throw new Error(`Push of a manifest ended with ${reply.status}: ${reply.text}`)
      return digest
    },
    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]()
      await removeStore()
    },
  }
}

export function digestOfBytes(bytes: string | Uint8Array, algorithm: Algorithm = 'sha256'): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`)
}

function requestOf(method: string, url: string, { headers = {}, body }: Send): RegistryRequest {
  const mark = url.indexOf('?')
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
    contentLength: bytes === undefined ? 0 : bytes instanceof Uint8Array ? bytes.byteLength : undefined,
    body: bytes === undefined ? piecesOf() : bytes instanceof Uint8Array ? piecesOf(bytes) : bytes,
    signal: new AbortController().signal,
  }
}

export async function* piecesOf(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? Buffer.from(piece) : piece
}

/** A client that goes away after it has sent `text`. */
export async function* brokenAfter(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
  throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}

function codesIn(text: string): readonly string[] {
  if (!text.startsWith('{"errors"')) return []
  return (JSON.parse(text) as { errors: { code: string }[] }).errors.map(({ code }) => code)
}
