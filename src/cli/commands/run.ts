import { Option } from 'commander'
import { CodedError, codeOf } from '../../kit/mod.ts'
import { familiarReference, formatReference, parseReference } from '../../oci/mod.ts'
import { runImage } from '../../runtime/mod.ts'
import type { ImageRecord, Lease, Store } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { collect } from '../command.ts'
import type { Context } from '../context.ts'
import { ExitCode } from '../exit-code.ts'
import { ImageCommandError } from '../images.ts'
import { reportError } from '../output/report-error.ts'
import { platformOption } from '../platform-option.ts'
import { addRegistryFlags, registryOptions } from '../registry-options.ts'

const definition: CommandDefinition = {
  failure: ExitCode.run,
  usage: ExitCode.run,

  configure: (command) =>
    addRegistryFlags(command)
      .argument('<image>', 'name or ID')
      .argument('[command...]', 'what to run instead of the image’s CMD')
      .passThroughOptions()
      .option('--rm', 'remove the container afterwards (always so for now)')
      .option('-i, --interactive', 'pass standard input')
      .option('-t, --tty', 'give it a terminal')
      .option('-e, --env <name=value>', 'environment variable; without =value, from here (repeatable)', collect)
      .option('-w, --workdir <directory>', 'working directory')
      .option('-u, --user <user[:group]>', 'names or numbers')
      .option('--entrypoint <command>', 'instead of the image’s ENTRYPOINT (and without its CMD)')
      .option('--hostname <name>', 'its hostname (default: the container’s ID)')
      .addOption(new Option('--network <mode>', 'host, or none but loopback').choices(['host', 'none']).default('host'))
      .addOption(new Option('--pull <policy>', 'when to ask the registry').choices(['missing', 'always', 'never']).default('missing'))
      .option('--platform <os/arch>', 'take this platform of an image index (default: this machine)'),

  async run(context, [name = '', ...args], options) {
    const store = await context.store()
    await using lease = await store.lease('run')
    const record = await imageToRun(context, store, { name, lease, options })
    if (options['tty'] === true && context.stdin.isTTY !== true) {
      throw new ImageCommandError('TERMINAL', 'Standard input is no terminal, so the container cannot have one', { hint: 'Leave out -t' })
    }
    try {
      const exit = await runImage({
        store,
        lease,
        record,
        args,
        env: environment(options['env'] as readonly string[] | undefined, context.env),
        workdir: options['workdir'] as string | undefined,
        user: options['user'] as string | undefined,
        entrypoint: options['entrypoint'] as string | undefined,
        hostname: options['hostname'] as string | undefined,
        network: options['network'] as 'host' | 'none',
        interactive: options['interactive'] === true,
        terminal: options['tty'] === true,
      })
      return exit.code
    } catch (error) {
      const code = { COMMAND_NOT_FOUND: ExitCode.notFound, NOT_EXECUTABLE: ExitCode.notExecutable }[codeOf(error) ?? '']
      if (code === undefined || !(error instanceof CodedError)) throw error
      return reportError(error, { stderr: context.stderr, signal: context.signal, failure: code })
    }
  },
}

export default definition

interface Wanted {
  readonly name: string
  readonly lease: Lease
  readonly options: Readonly<Record<string, unknown>>
}

/** The image by the pull policy. */
async function imageToRun(context: Context, store: Store, { name, lease, options }: Wanted): Promise<ImageRecord> {
  const platform = platformOption(context, options['platform'])
  const policy = options['pull']
  const here = await store.images.lookup(name, platform)
  if (here !== undefined) lease.hold(here.id, here.manifest.digest)
  if (here !== undefined && policy !== 'always') return here
  const reference = parseReference(name)
  if (here !== undefined && reference.digest !== undefined) return here
  if (policy === 'never') {
    throw new ImageCommandError('IMAGE_UNKNOWN', `No such image here: ${familiarReference(reference)}`, {
      hint: 'Leave out --pull never to fetch it',
    })
  }
  const { pullImage } = await import('../pull-image.ts')
  await pullImage(context, store, { reference, platform, registry: registryOptions(context, options), lease })
  const pulled = await store.images.lookup(formatReference(reference), platform)
  if (pulled === undefined) throw new ImageCommandError('IMAGE_UNKNOWN', `${familiarReference(reference)} is no image that can be run`)
  return pulled
}

function environment(words: readonly string[] = [], env: Context['env']): string[] {
  return words.flatMap((word) => {
    if (word.includes('=')) return [word]
    const value = env[word]
    return value === undefined ? [] : [`${word}=${value}`]
  })
}
