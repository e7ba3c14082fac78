import { Option } from 'commander'
import { resolve } from 'node:path'
import { build } from '../../build/mod.ts'
import { familiarReference, parseReference } from '../../oci/mod.ts'
import { baseImages } from '../base-images.ts'
import type { CommandDefinition } from '../command.ts'
import { collect } from '../command.ts'
import { ImageCommandError } from '../images.ts'
import { liveBuildProgress, plainBuildProgress } from '../output/build-progress.ts'
import { platformOption } from '../platform-option.ts'
import { addRegistryFlags, registryOptions } from '../registry-options.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    addRegistryFlags(command)
      .argument('<context>', 'directory of the build context')
      .option('-t, --tag <name>', 'name of the image (repeatable)', collect)
      .option('-f, --file <path>', 'the Dockerfile (default: Dockerfile in the context)')
      .option('--target <stage>', 'build this stage')
      .option('--build-arg <name=value>', 'value of an ARG; without =value, from the environment (repeatable)', collect)
      .option('--no-cache', 'run every step')
      .option('--pull', 'ask the registry for base images that are here')
      .option('--platform <os/arch>', 'build for this platform (default: this machine)')
      .option('-q, --quiet', 'print the image ID only')
      .addOption(new Option('--network <mode>', 'network of RUN').choices(['default', 'host', 'none']).default('default'))
      .addOption(new Option('--progress <kind>', 'how progress is shown').choices(['auto', 'plain', 'tty']).default('auto')),

  async run(context, [directory = '.'], options) {
    const tags = ((options['tag'] as readonly string[] | undefined) ?? []).map((name) => parseReference(name))
    for (const tag of tags) {
      if (tag.digest !== undefined) throw new ImageCommandError('OPTION_INVALID', `--tag cannot have a digest: ${familiarReference(tag)}`)
    }
    const platform = platformOption(context, options['platform'])
    const live = options['progress'] === 'tty' || (options['progress'] === 'auto' && context.stderr.isTTY)
    using progress =
      options['quiet'] === true
        ? { onEvent: () => {}, [Symbol.dispose]: () => {} }
        : live
          ? liveBuildProgress(context.stderr, { color: !context.env['NO_COLOR'] })
          : plainBuildProgress(context.stderr)
    const store = await context.store()
    const result = await build(
      {
        context: resolve(context.cwd, directory),
        file: options['file'] === undefined ? undefined : resolve(context.cwd, String(options['file'])),
        target: options['target'] as string | undefined,
        buildArgs: buildArgs(options['buildArg'] as readonly string[] | undefined, context.env),
        tags,
        noCache: options['cache'] === false,
        pull: options['pull'] === true,
        network: options['network'] as 'default' | 'host' | 'none',
        platform,
        signal: context.signal,
        onEvent: progress.onEvent,
      },
      { store, ...baseImages(context, store, registryOptions(context, options)) },
    )
    context.stdout.write(`${result.imageId}\n`)
  },
}

export default definition

function buildArgs(args: readonly string[] = [], env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const values: Record<string, string> = {}
  for (const arg of args) {
    const equals = arg.indexOf('=')
    const name = equals < 0 ? arg : arg.slice(0, equals)
    if (name === '') throw new ImageCommandError('OPTION_INVALID', `--build-arg needs NAME=VALUE, got ${JSON.stringify(arg)}`)
    const value = equals < 0 ? env[name] : arg.slice(equals + 1)
    if (value !== undefined) values[name] = value
  }
  return values
}
