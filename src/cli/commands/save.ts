import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { copyImage, writeArchive } from '../../image/mod.ts'
import { temporaryDirectory } from '../../host/mod.ts'
import { familiarReference, formatReference, parseReference } from '../../oci/mod.ts'
import { storeSource, type Lease, type Store } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import type { Context } from '../context.ts'
import { findImage, ImageCommandError } from '../images.ts'
import { SAVING, TransferProgress } from '../output/transfer-progress.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    command.argument('<image...>', 'names or IDs').option('-o, --output <file>', 'the archive (default: standard output)'),

  async run(context, names, options) {
    const store = await context.store()
    const output = options['output'] === undefined ? undefined : resolve(context.cwd, String(options['output']))
    if (output === undefined && context.stdout.isTTY) {
      throw new ImageCommandError('TERMINAL', 'Standard output is a terminal: an archive would only make a mess of it', {
        hint: 'Give a file with -o, or a pipe',
      })
    }
    await using lease = await store.lease('save')
    await using temporary = output === undefined ? await temporaryDirectory(join(store.root, 'staging'), 'save-') : undefined
    const file = output ?? join((temporary as { path: string }).path, 'archive.tar')
    await writeImages(context, store, lease, { names, file })
    if (output === undefined)
      for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) await written(piece as Uint8Array)
  },
}

export default definition

async function writeImages(
  context: Context,
  store: Store,
  lease: Lease,
  { names, file }: { readonly names: readonly string[]; readonly file: string },
): Promise<void> {
  using progress = new TransferProgress(context.stderr, SAVING)
  await using writer = writeArchive(file)
  for (const name of names) {
    const record = await findImage(store, name)
    const tag = tagOf(store, name)
    const target = await store.images.exportable(tag?.target ?? record.manifest, {
      compression: 'gzip',
      lease,
      signal: context.signal,
      onLayer: (diffId, done, size) => progress.step(diffId, 'Compressing', done, size),
    })
    const source = storeSource(store, target, name)
    await copyImage(source, writer.sink(tag === undefined ? [] : [tag.name]), { onEvent: progress.onEvent, signal: context.signal })
  }
  writer.finish()
}

/** The name as archives have it: with its tag, as people write it. */
function tagOf(
  store: Store,
  text: string,
): { readonly name: string; readonly target: NonNullable<ReturnType<Store['tags']['find']>>['target'] } | undefined {
  try {
    const reference = parseReference(text)
    const found = store.tags.find(reference)
    return found === undefined ? undefined : { name: familiarReference(parseReference(formatReference(reference))), target: found.target }
  } catch {
    return undefined
  }
}

async function written(piece: Uint8Array): Promise<void> {
  if (!process.stdout.write(piece)) await new Promise((done) => process.stdout.once('drain', done))
}
