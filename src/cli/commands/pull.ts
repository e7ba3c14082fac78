import { familiarReference, parseReference, type Reference } from '../../oci/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { platformOption } from '../platform-option.ts'
import { pullImage } from '../pull-image.ts'
import { addRegistryFlags, registryOptions } from '../registry-options.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    addRegistryFlags(command)
      .argument('<name>', 'what to fetch')
      .option('--platform <os/arch>', 'take this platform of an image index (default: this machine)'),

  async run(context, [name = ''], options) {
    const reference = parseReference(name)
    const store = await context.store()
    await using lease = await store.lease('pull')
    const root = await pullImage(context, store, {
      reference,
      platform: platformOption(context, options['platform']),
      registry: registryOptions(context, options),
      lease,
    })
    context.stdout.write(`${withoutDigest(reference)}@${root.digest}\n`)
  },
}

export default definition

/** The digest that was found takes the place of one that was asked for. */
function withoutDigest({ host, path, tag }: Reference): string {
  return familiarReference(tag === undefined ? { host, path } : { host, path, tag })
}
