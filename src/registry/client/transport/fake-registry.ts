/** For tests of this module only. */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly range: string | undefined
}

/** Answers by itself and returns true, or leaves the request to the registry. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse, seen: Seen) => boolean | Promise<boolean>

export interface FakeRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string
  readonly seen: Seen[]
  readonly blobs: Map<string, Buffer>
  /** By tag and by digest. */
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>
  misbehave: Misbehave
}

export const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** A small registry in memory, with one repository of any name, that can be made to misbehave. Ends with the test. */
export async function fakeRegistry(t: TestContext, misbehave: Misbehave = () => false): Promise<FakeRegistry> {
  const registry: { -readonly [K in keyof FakeRegistry]: FakeRegistry[K] } = {
    host: '',
    seen: [],
    blobs: new Map(),
    manifests: new Map(),
    misbehave,
  }
  const server = createServer((request, response) => {
    request.on('error', () => {})
    void serve(registry, request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  registry.host = `127.0.0.1:${(server.address() as { port: number }).port}`
  return registry
}

async function serve(registry: FakeRegistry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request
  const seen = { method, path: url, authorization: headers.authorization, range: headers.range }
  registry.seen.push(seen)
  if (await registry.misbehave(request, response, seen)) return
  const [, kind, name = ''] = /\/v2\/.*\/(blobs|manifests)\/([^?]*)/.exec(url) ?? []
  const answer = (status: number, answerHeaders: Record<string, string | number> = {}, body: Buffer | string = ''): void =>
    void response.writeHead(status, answerHeaders).end(method === 'HEAD' ? undefined : body)
  const unknown = (code: string): void =>
    answer(404, { 'content-type': 'application/json' }, JSON.stringify({ errors: [{ code, message: 'absent' }] }))

  if (method === 'POST') return answer(202, { location: `/upload/${randomUUID()}?state=a%2Fb` })
  if (method === 'PUT' && kind === 'manifests') {
    const bytes = await bodyOf(request)
    const manifest = { type: headers['content-type'] ?? '', bytes }
    registry.manifests.set(name, manifest).set(digestOf(bytes), manifest)
    return answer(201, { 'docker-content-digest': digestOf(bytes) })
  }
  if (method === 'PUT') {
    const digest = new URL(url, 'http://x').searchParams.get('digest') ?? ''
    const bytes = await bodyOf(request)
    if (digestOf(bytes) !== digest) return answer(400, {}, '{"errors":[{"code":"DIGEST_INVALID"}]}')
    registry.blobs.set(digest, bytes)
    return answer(201, { 'docker-content-digest': digest })
  }
  if (kind === 'manifests') {
    const manifest = registry.manifests.get(name)
    if (manifest === undefined) return unknown('MANIFEST_UNKNOWN')
    return answer(
      200,
      { 'content-type': manifest.type, 'content-length': manifest.bytes.length, 'docker-content-digest': digestOf(manifest.bytes) },
      manifest.bytes,
    )
  }
  const blob = registry.blobs.get(name)
  if (blob === undefined) return unknown('BLOB_UNKNOWN')
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0)
  if (start === 0) return answer(200, { 'content-length': blob.length }, blob)
  answer(
    206,
    { 'content-length': blob.length - start, 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` },
    blob.subarray(start),
  )
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
