import { familiarReference, isImageIdPrefix, parseReference, type Reference } from '../../oci/mod.ts'
import type { Store } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import type { Context } from '../context.ts'
import { ExitCode } from '../exit-code.ts'
import { findImage, ImageCommandError, namesOf } from '../images.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    command
      .argument('<image...>', 'names or IDs')
      .option('-f, --force', 'also remove an image that has several names; a missing image is no failure'),

  async run(context, names, options) {
    const store = await context.store()
    const force = options['force'] === true
    let failed = false
    for (const name of names) {
      try {
        await remove(context, store, name, force)
      } catch (error) {
        if (!(error instanceof ImageCommandError)) throw error
        failed ||= !(force && error.code === 'IMAGE_UNKNOWN')
        context.stderr.write(`lamina: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`)
      }
    }
    return failed ? ExitCode.failed : ExitCode.done
  },
}

export default definition

/** A name is untagged; the image goes with its last name. Its layers stay until gc, as others may share them. */
async function remove(context: Context, store: Store, text: string, force: boolean): Promise<void> {
  const record = await findImage(store, text)
  const { tags } = await namesOf(store, record)
  const tagged = taggedReference(store, text)
  if (tagged !== undefined) {
    store.tags.delete(tagged, 'rmi')
    context.stdout.write(`Untagged: ${familiarReference(tagged)}\n`)
    if (tags.length > 1) return
  } else {
    if (tags.length > 1 && !force) {
      throw new ImageCommandError('OPTION_INVALID', `Image ${text} has ${tags.length} names: ${tags.join(', ')}`, {
        hint: 'Remove it by name, or with --force under all of them',
      })
    }
    for (const tag of tags) {
      store.tags.delete(parseReference(tag), 'rmi')
      context.stdout.write(`Untagged: ${tag}\n`)
    }
  }
  store.images.delete(record.id)
  context.stdout.write(`Deleted: ${record.id}\n`)
}

/** The tag that the text names, if it is one: a name wins over an ID prefix. */
function taggedReference(store: Store, text: string): Reference | undefined {
  if (isImageIdPrefix(text) && /^[0-9a-f]{64}$/.test(text)) return undefined
  try {
    const reference = parseReference(text)
    return store.tags.find(reference) === undefined ? undefined : reference
  } catch {
    return undefined
  }
}
