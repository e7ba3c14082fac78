import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { CodedError, codeOf } from '../../kit/mod.ts'
import type { Handled } from './handle.ts'
import type { Headers, RegistryRequest, Reply } from './message.ts'

export class ListenError extends CodedError<'ADDRESS_IN_USE' | 'ADDRESS_INVALID'> {}

/** One line of an access log. */
export interface RequestEvent {
  readonly method: string
  readonly path: string
  readonly status: number
  /** Bytes of the reply's body. */
  readonly bytes: number
  readonly milliseconds: number
}

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Failures inside; the client was told nothing of them. */
  readonly onError?: ((error: unknown) => void) | undefined
}

export interface Listening {
  /** `127.0.0.1:5000`, `[::1]:5000`. */
  readonly address: string
  /** Takes no new requests, finishes those that run, and ends what still runs after `grace` milliseconds. */
  close(grace: number): Promise<void>
}

const TIMES = {
  /** SECURITY: slow headers (slowloris). */
  headersTimeout: 15_000,
  connectionsCheckingInterval: 5000,
  /** A 100 GB blob may take hours; what counts is that bytes move. */
  requestTimeout: 0,
  keepAliveTimeout: 75_000,
}
/** A connection on which nothing moves is ended after this. */
const IDLE = 60_000
/** What a client may still send after it was refused, so that it gets to read why. */
const DRAIN_BYTES = 8 << 20
const DRAIN_MILLISECONDS = 5000

const NO_QUERY = new URLSearchParams()

/** The only place that touches sockets: requests become values, replies are sent. */
export async function listen(handler: (request: RegistryRequest) => Promise<Handled>, options: ListenOptions): Promise<Listening> {
  let closing = false
  const running = new Map<Socket, ServerResponse>()

  const serve = (incoming: IncomingMessage, outgoing: ServerResponse, expectsContinue: boolean): void => {
    const begun = performance.now()
    running.set(incoming.socket, outgoing)
    if (closing) outgoing.shouldKeepAlive = false
    const request = requestOf(incoming, outgoing, expectsContinue)
    const answer = async (): Promise<void> => {
      const { reply, failure } = await handler(request)
      if (failure !== undefined && !outgoing.destroyed) options.onError?.(failure)
      await send(incoming, outgoing, reply)
      options.onRequest?.({
        method: request.method,
        path: incoming.url ?? '',
        status: reply.status,
        bytes: request.method === 'HEAD' ? 0 : Number(reply.headers['content-length'] ?? 0),
        milliseconds: performance.now() - begun,
      })
    }
    answer()
      .catch((error: unknown) => {
        // The headers are out: breaking off is the only way to say that the body is not whole.
        if (!outgoing.destroyed) options.onError?.(error)
        outgoing.destroy()
      })
      .finally(() => {
        running.delete(incoming.socket)
        if (closing) setImmediate(() => server.closeIdleConnections())
      })
  }

  const server = createServer({ ...TIMES, maxHeaderSize: 32 << 10, noDelay: true })
  server.on('request', (incoming, outgoing) => serve(incoming, outgoing, false))
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => serve(incoming, outgoing, true))
  server.on('clientError', (error: Error, socket: Socket) => refuse(error, socket))
  server.setTimeout(IDLE, (socket: Socket) => {
    const outgoing = running.get(socket)
    // Whoever has sent all and waits for us is silent because of us.
    if (outgoing === undefined || outgoing.headersSent || !outgoing.req.complete) socket.destroy()
  })

  const { port } = await bind(server, options)
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    address: `${host}:${port}`,
    async close(grace) {
      closing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const timer = setTimeout(() => server.closeAllConnections(), grace)
      await closed
      clearTimeout(timer)
    },
  }
}

function bind(server: Server, { host, port }: ListenOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      if (codeOf(cause) === 'EADDRINUSE') {
        reject(
          new ListenError('ADDRESS_IN_USE', `The address ${host}:${port} is in use`, {
            cause,
            hint: 'Choose another port, or port 0 for a free one.',
          }),
        )
      } else reject(new ListenError('ADDRESS_INVALID', `Cannot listen on ${host}:${port}: ${cause.message}`, { cause }))
    })
    server.listen({ host, port, backlog: 1024 }, () => resolve(server.address() as AddressInfo))
  })
}

function requestOf(incoming: IncomingMessage, outgoing: ServerResponse, expectsContinue: boolean): RegistryRequest {
  const url = incoming.url ?? '/'
  const mark = url.indexOf('?')
  let controller: AbortController | undefined
  const length = incoming.headers['content-length']
  const chunked = incoming.headers['transfer-encoding'] !== undefined
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)),
    headers: incoming.headers as Headers,
    contentLength: chunked ? undefined : length === undefined ? 0 : Number(length),
    body: bodyOf(incoming, expectsContinue ? outgoing : undefined),
    get signal() {
      if (controller === undefined) {
        const abort = (controller = new AbortController())
        outgoing.once('close', () => abort.abort())
        if (outgoing.destroyed) abort.abort()
      }
      return controller.signal
    },
  }
}

/** With Expect: 100-continue the client sends its body only once we ask for it. Whoever stops reading leaves the connection open for the reply. */
async function* bodyOf(incoming: IncomingMessage, toContinue: ServerResponse | undefined): AsyncGenerator<Uint8Array> {
  toContinue?.writeContinue()
  yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

async function send(incoming: IncomingMessage, outgoing: ServerResponse, reply: Reply): Promise<void> {
  if (!incoming.complete) drain(incoming)
  outgoing.writeHead(reply.status, { ...reply.headers, 'docker-distribution-api-version': 'registry/2.0' } as Record<
    string,
    string | string[]
  >)
  const { body } = reply
  if (body === undefined || incoming.method === 'HEAD') {
    outgoing.end()
    return
  }
  if (typeof body === 'string' || body instanceof Uint8Array) {
    outgoing.end(body)
    return
  }
  for await (const piece of body) await write(outgoing, piece)
  outgoing.end()
}

/** Resolves when the piece is with the kernel: its buffer may be used again, and no more than one piece is in memory. */
function write(outgoing: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.write(piece, (error) => (error ? reject(error) : resolve()))
  })
}

/** A body that nobody wanted: a client that has not finished sending would otherwise meet a reset instead of our reply. */
function drain(incoming: IncomingMessage): void {
  let bytes = 0
  const timer = setTimeout(() => incoming.socket.destroy(), DRAIN_MILLISECONDS)
  timer.unref()
  const { socket } = incoming
  incoming.on('data', (piece: Uint8Array) => {
    bytes += piece.byteLength
    if (bytes > DRAIN_BYTES) socket.destroy()
  })
  incoming.on('error', () => {})
  incoming.once('close', () => clearTimeout(timer))
  incoming.resume()
}

/** What the HTTP parser refuses never becomes a request. */
function refuse(error: Error, socket: Socket): void {
  // What still comes after the first fault is faulty too.
  if (socket.writableEnded) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const code = codeOf(error)
  const [status, text] =
    code === 'HPE_HEADER_OVERFLOW'
      ? (['431 Request Header Fields Too Large', 'The headers are too large'] as const)
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? (['408 Request Timeout', 'The headers came too slowly'] as const)
        : (['400 Bad Request', 'It is not HTTP'] as const)
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message: text, detail: null }] })
  // Read on for a moment: with bytes unread the kernel would send a reset, which overtakes the reply.
  const timer = setTimeout(() => socket.destroy(), DRAIN_MILLISECONDS)
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}
