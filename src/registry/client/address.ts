import { networkHost, type Reference } from '../../oci/mod.ts'
import type { RegistryOptions } from './options.ts'

/** `https://host:port`, or http on loopback and where the user said so. */
export function registryOrigin(reference: Reference, options: Pick<RegistryOptions, 'plainHttp' | 'ca'>): URL {
  const host = networkHost(reference)
  const plain = options.plainHttp === true || (options.ca === undefined && isLoopback(new URL(`http://${host}`).hostname))
  return new URL(`${plain ? 'http' : 'https'}://${host}`)
}

/** `localhost`, `*.localhost`, 127.0.0.0/8 and ::1; `hostname` as URL gives it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/** Where clouds keep the keys of a machine; `hostname` as URL gives it, which has normalised every spelling of an address. */
export function isMetadataAddress(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return (
    name.startsWith('169.254.') ||
    /^\[fe[89ab][0-9a-f]:/.test(name) ||
    name.startsWith('[::ffff:a9fe:') ||
    name === '[fd00:ec2::254]' ||
    name === 'metadata.google.internal' ||
    name === 'metadata'
  )
}
