import type { ExposeInstruction } from './ast.ts'
import { atRange, DockerfileError } from './errors.ts'
import { expandWords } from './expand.ts'
import type { Scope } from './expand.ts'

/**
 * All ports of an EXPOSE in the form of config.ExposedPorts, in BuildKit's order: that of the words as written, sorted.
 * @throws DockerfileError EXPOSE_INVALID, EXPANSION_*, with the range
 */
export function exposedPorts({ ports }: ExposeInstruction, scope: Scope): string[] {
  return ports
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .flatMap((word) => expandWords(word, scope).flatMap((text) => atRange(word.range, () => parseExpose(text))))
}

/**
 * One port of EXPOSE, expanded: `80`, `80/udp`, `8000-8010/tcp`, in the form of config.ExposedPorts: `80/tcp`.
 * `ip:host:container` is accepted and only the container's port counts, because docker accepts it.
 * @throws DockerfileError EXPOSE_INVALID
 */
export function parseExpose(text: string): string[] {
  const parts = text.split(':')
  const [port = '', protocol, ...rest] = (parts.pop() ?? '').split('/')
  const name = (protocol || 'tcp').toLowerCase()
  if (rest.length > 0 || !['tcp', 'udp', 'sctp'].includes(name)) {
    throw invalidPort(text, `the protocol must be tcp, udp or sctp`)
  }
  const [first, last] = parseRange(text, port)
  const host = parts.pop()
  if (host !== undefined && host !== '') {
    const [firstHost, lastHost] = parseRange(text, host)
    if (first !== last && lastHost - firstHost !== last - first) throw invalidPort(text, 'both ranges must be of the same length')
  }
  const address = parts.join(':')
  if (address !== '' && !isAddress(address)) throw invalidPort(text, `${JSON.stringify(address)} is no IP address`)
  return Array.from({ length: last - first + 1 }, (_, offset) => `${first + offset}/${name}`)
}

function parseRange(text: string, range: string): [first: number, last: number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range)
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match === null || last > 65_535 || first > 65_535) throw invalidPort(text, 'a port is a number from 0 to 65535')
  if (last < first) throw invalidPort(text, 'the range ends before it starts')
  return [first, last]
}

function isAddress(text: string): boolean {
  if (/^\d+(?:\.\d+){3}$/.test(text)) return text.split('.').every((part) => Number(part) <= 255)
  return /^\[[0-9a-f:.]*\]$|^[0-9a-f:.]*$/i.test(text) && text.includes(':')
}

function invalidPort(text: string, problem: string): DockerfileError {
  return new DockerfileError('EXPOSE_INVALID', `Invalid port ${JSON.stringify(text)}: ${problem}`, {
    hint: 'Write for example 80, 53/udp or 8000-8010.',
  })
}
