import type { CommandDefinition } from '../command.ts'
import type { Store } from '../../store/mod.ts'
import { ExitCode } from '../exit-code.ts'
import { findImage, ImageCommandError, layerSizes, namesOf } from '../images.ts'

const definition: CommandDefinition = {
  configure: (command) => command.argument('<image...>', 'names or IDs').option('--json', 'JSON is what it always prints'),

  async run(context, names) {
    const store = await context.store()
    const found: object[] = []
    let missing = false
    for (const name of names) {
      try {
        found.push(await inspectImage(store, name))
      } catch (error) {
        if (!(error instanceof ImageCommandError)) throw error
        missing = true
        context.stderr.write(`lamina: ${error.message}\n`)
      }
    }
    context.stdout.write(`${JSON.stringify(found, undefined, 4)}\n`)
    return missing ? ExitCode.failed : ExitCode.done
  },
}

export default definition

/** Docker's shape and words, plus `Manifest`: the descriptor of what was found. */
async function inspectImage(store: Store, name: string): Promise<object> {
  const record = await findImage(store, name)
  const { manifest, config } = await store.images.read(record)
  const { tags, digests } = await namesOf(store, record)
  const sizes = await layerSizes(store, record)
  return {
    Id: record.id,
    RepoTags: tags,
    RepoDigests: digests,
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? null,
    Author: config.author ?? '',
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: sizes.reduce((sum, size) => sum + size, 0),
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: new Date(record.at).toISOString() },
    Manifest: record.manifest,
    Layers: manifest.layers,
  }
}
