import { copyImage } from '../../image/mod.ts'
import { familiarReference, parseReference, repositoryOf } from '../../oci/mod.ts'
import { registrySink } from '../../registry/client/mod.ts'
import { storeSource } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { ImageCommandError } from '../images.ts'
import { PUSHING, TransferProgress } from '../output/transfer-progress.ts'
import { addRegistryFlags, registryOptions } from '../registry-options.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    addRegistryFlags(command)
      .argument('<name>', 'an image here, named as it shall be there')
      .option('--compression <kind>', 'for layers built here: gzip or zstd', 'gzip'),

  async run(context, [name = ''], options) {
    const reference = parseReference(name)
    const compression = options['compression']
    if (compression !== 'gzip' && compression !== 'zstd') {
      throw new ImageCommandError('OPTION_INVALID', `--compression must be gzip or zstd, got ${JSON.stringify(compression)}`)
    }
    const store = await context.store()
    await using lease = await store.lease('push')
    const tag = store.tags.find(reference)
    if (tag === undefined) {
      throw new ImageCommandError('IMAGE_UNKNOWN', `No image here has the name ${familiarReference(reference)}`, {
        hint: `'lamina images' lists what is here; 'lamina tag IMAGE ${name}' gives an image this name`,
      })
    }
    using progress = new TransferProgress(context.stderr, PUSHING)
    progress.print(`Pushing ${familiarReference(reference)}`)
    const { signal } = context
    const target = await store.images.exportable(tag.target, {
      compression,
      lease,
      signal,
      onLayer: (diffId, done, size) => progress.step(diffId, 'Compressing', done, size),
    })
    await using source = storeSource(store, target, familiarReference(reference))
    await using sink = registrySink(
      reference,
      registryOptions(context, options, (line) => progress.print(line)),
    )
    const { root } = await copyImage(source, sink, { onEvent: progress.onEvent, signal })
    // What left the machine is what the tag names from now on; the image ID is the same.
    if (target.digest !== tag.target.digest) store.tags.set(reference, target, 'push')
    store.tags.confirm(repositoryOf(reference), root.digest)
    context.stdout.write(`${familiarReference(reference)}@${root.digest}\n`)
  },
}

export default definition
