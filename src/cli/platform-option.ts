import { hostPlatform, parsePlatform, type Platform } from '../oci/mod.ts'
import type { Context } from './context.ts'

/** What `--platform` says, else DOCKER_DEFAULT_PLATFORM, else this machine. */
export function platformOption(context: Context, value: unknown): Platform {
  const text = typeof value === 'string' ? value : context.env['DOCKER_DEFAULT_PLATFORM']
  return text === undefined || text === '' ? hostPlatform(process.platform, process.arch) : parsePlatform(text)
}
