import type { Credentials } from '../options.ts'
import { RegistryError } from '../registry-error.ts'

/**
 * The `auths` of docker's config.json, by the host of a reference. Keys may be written with a scheme and with /v1/ or /v2/ behind;
 * Docker Hub's is `https://index.docker.io/v1/`. Credential helpers are not asked.
 * @throws RegistryError CREDENTIALS_INVALID
 */
export function dockerCredentials(configJson: string): (host: string) => Credentials | undefined {
  let config: unknown
  try {
    config = JSON.parse(configJson)
  } catch (cause) {
    // SECURITY: not the parser's own message, which quotes the text and with it perhaps a password.
    throw new RegistryError('CREDENTIALS_INVALID', 'Invalid credentials: not JSON', {
      cause: cause instanceof SyntaxError ? undefined : cause,
    })
  }
  const auths = isRecord(config) ? (config['auths'] ?? {}) : undefined
  if (!isRecord(auths)) throw new RegistryError('CREDENTIALS_INVALID', 'Invalid credentials: "auths" is not an object')
  const byHost = new Map<string, Credentials>()
  for (const [key, entry] of Object.entries(auths)) {
    const host = hostOf(key)
    const credentials = host === undefined ? undefined : parseEntry(key, entry)
    if (host === undefined || credentials === undefined) continue
    // What names the host alone is meant more exactly than an address.
    if (key === host || !byHost.has(host)) byHost.set(host, credentials)
  }
  return (host) => byHost.get(hostOf(host) ?? host)
}

function hostOf(key: string): string | undefined {
  const match = /^(?:https?:\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/.exec(key.trim())
  const host = match?.[1]?.toLowerCase()
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host
}

function parseEntry(key: string, entry: unknown): Credentials | undefined {
  if (!isRecord(entry)) throw new RegistryError('CREDENTIALS_INVALID', `Invalid credentials for ${key}: not an object`)
  const text = (name: string): string | undefined => {
    const value = entry[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const registryToken = text('registrytoken')
  if (registryToken !== undefined) return { registryToken }
  const identityToken = text('identitytoken')
  if (identityToken !== undefined) return { identityToken }
  const auth = text('auth')
  if (auth === undefined) {
    const [username, password] = [text('username'), text('password')]
    return username === undefined || password === undefined ? undefined : { username, password }
  }
  const pair = Buffer.from(auth, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 0) throw new RegistryError('CREDENTIALS_INVALID', `Invalid credentials for ${key}: "auth" is not the base64 of user:password`)
  // Docker pads with zero bytes.
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1).replace(/\0+$/, '') }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
