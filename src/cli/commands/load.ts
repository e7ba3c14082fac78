import { join, resolve } from 'node:path'
import { copyImage, readArchive } from '../../image/mod.ts'
import { familiarReference, parseReference, type Reference } from '../../oci/mod.ts'
import { storeSink } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import type { Context } from '../context.ts'
import { ImageCommandError } from '../images.ts'
import { LOADING, TransferProgress } from '../output/transfer-progress.ts'

const definition: CommandDefinition = {
  configure: (command) => command.option('-i, --input <file>', 'the archive (default: standard input)'),

  async run(context, _args, options) {
    if (options['input'] === undefined && context.stdin.isTTY === true) {
      throw new ImageCommandError('TERMINAL', 'Standard input is a terminal: nothing to load', {
        hint: 'Give a file with -i, or pipe an archive in',
      })
    }
    const store = await context.store()
    const { signal } = context
    const input =
      options['input'] === undefined ? (context.stdin as AsyncIterable<Uint8Array>) : resolve(context.cwd, String(options['input']))
    await using archive = await readArchive(input, { temporary: join(store.root, 'staging'), signal })
    await using lease = await store.lease('load')
    const loaded: string[] = []
    {
      using progress = new TransferProgress(context.stderr, LOADING)
      for (const { names, source } of archive.images) {
        const references = names.flatMap((name) => nameOf(context, name))
        const sink = storeSink(store, { reference: references[0], unpack: process.getuid?.() === 0, why: 'load', lease })
        const { root } = await copyImage(source, sink, { onEvent: progress.onEvent, signal })
        for (const reference of references)
          store.tags.set(reference, { mediaType: root.mediaType, digest: root.digest, size: root.size }, 'load')
        loaded.push(...references.map((reference) => `Loaded image: ${familiarReference(reference)}`))
        if (references.length === 0) loaded.push(`Loaded image ID: ${store.images.find(root.digest)?.id ?? root.digest}`)
      }
    }
    context.stdout.write(loaded.map((line) => `${line}\n`).join(''))
  },
}

export default definition

/** A name in an archive is what somebody wrote there: one that is none is said and left out. */
function nameOf(context: Context, name: string): Reference[] {
  try {
    return [parseReference(name)]
  } catch {
    context.stderr.write(`lamina: warning: the archive names an image ${JSON.stringify(name)}, which is no valid reference\n`)
    return []
  }
}
