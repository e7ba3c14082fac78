import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../kit/mod.ts'
import type { Credentials, RegistryOptions } from '../registry/client/mod.ts'
import type { Context } from './context.ts'
import { ImageCommandError } from './images.ts'
import { version } from './version.ts'

/** The flags of every command that talks to a registry. */
export function addRegistryFlags(command: Command): Command {
  return command
    .option('--plain-http', 'talk http to a registry that is not on this machine')
    .option('--ca <file>', 'trust the certificate authorities in this PEM file too')
}

export function registryOptions(
  context: Context,
  options: Readonly<Record<string, unknown>>,
  onText?: (line: string) => void,
): RegistryOptions {
  return {
    plainHttp: options['plainHttp'] === true,
    ca: typeof options['ca'] === 'string' ? readFileSync(options['ca'], 'utf8') : undefined,
    credentialsFor: credentialsFrom(context.env),
    userAgent: `lamina/${version()}`,
    onRetry: onText,
    signal: context.signal,
  }
}

type Lookup = (host: string) => Credentials | undefined

/** Reads docker's config.json on the first question only; the network's code is loaded no sooner. */
function credentialsFrom(env: Context['env']): RegistryOptions['credentialsFor'] {
  let lookup: Promise<Lookup> | undefined
  return async (host) => {
    lookup ??= readCredentials(join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/', '.docker'), 'config.json'))
    return (await lookup)(host)
  }
}

async function readCredentials(file: string): Promise<Lookup> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return () => undefined
    throw error
  }
  try {
    const { dockerCredentials } = await import('../registry/client/mod.ts')
    return dockerCredentials(text)
  } catch (error) {
    throw new ImageCommandError('INPUT_INVALID', `Cannot read credentials from ${file}`, {
      cause: error,
      hint: 'Mend the file, or point DOCKER_CONFIG at another directory',
    })
  }
}
