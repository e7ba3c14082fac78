import { codeOf } from '../../../kit/mod.ts'
import { TransportError } from './message.ts'

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host is unknown',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no network',
  EADDRNOTAVAIL: 'there is no network',
  EACCES: 'the connection is not allowed',
}

const INTERRUPTED: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETIMEDOUT: 'there was no answer in time',
  EAI_AGAIN: 'the name server did not answer',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was lost',
}

/** Our error for one of Node's; anything else as it is. */
export function transportErrorFrom(error: unknown, url: URL): unknown {
  if (!(error instanceof Error) || error instanceof TransportError) return error
  const where = url.host
  const cause = innermost(error)
  const code = codeOf(cause) ?? ''
  const unreachable = UNREACHABLE[code]
  if (unreachable !== undefined) {
    return new TransportError('UNREACHABLE', `Cannot reach ${where}: ${unreachable}`, {
      cause,
      hint: 'Check the name, the port and the network, and that the registry runs.',
    })
  }
  const interrupted = INTERRUPTED[code]
  if (interrupted !== undefined) return new TransportError('INTERRUPTED', `No answer from ${where}: ${interrupted}`, { cause })
  if (url.protocol === 'https:' && isTlsError(code)) {
    // A server without TLS answers our handshake with text, which reads as a TLS record of an absurd version.
    const plain = /wrong version number|packet length too long|record layer failure/i.test(cause.message)
    return new TransportError('TLS', `No secure connection to ${where}: ${plain ? 'it does not speak TLS' : cause.message}`, {
      cause,
      hint: plain ? 'For a registry without TLS add --plain-http.' : 'If you trust its certificate authority, name it with --ca FILE.',
    })
  }
  if (code.startsWith('HPE_')) {
    return new TransportError('PROTOCOL', `${where} does not speak HTTP: ${cause.message}`, {
      cause,
      ...(url.protocol === 'http:' && {
        hint: 'Perhaps it speaks TLS: leave out --plain-http, or name its certificate authority with --ca FILE.',
      }),
    })
  }
  return error
}

/** With several addresses tried, Node throws an AggregateError. */
function innermost(error: Error): Error {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error ? first : error
}

function isTlsError(code: string): boolean {
  return /^ERR_(?:TLS|SSL)_|CERT|^UNABLE_TO_|^SELF_SIGNED|^DEPTH_ZERO|^EPROTO$|^HOSTNAME_MISMATCH$|^INVALID_CA$/.test(code)
}
