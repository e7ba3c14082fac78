import { formatReference, parseReference } from '../../oci/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { findImage, ImageCommandError } from '../images.ts'

const definition: CommandDefinition = {
  configure: (command) => command.argument('<image>', 'name or ID').argument('<name>', 'the new name'),

  async run(context, [source = '', name = '']) {
    const reference = parseReference(name)
    if (reference.digest !== undefined) {
      throw new ImageCommandError('OPTION_INVALID', `A new name cannot have a digest: ${name}`, { hint: 'Write repository:tag' })
    }
    const store = await context.store()
    await using lease = await store.lease('tag')
    const record = await findImage(store, source)
    // An index keeps all its platforms under the new name.
    const named = store.tags.list().find((tag) => tag.name === canonicalName(source))
    const target = named?.target ?? record.manifest
    lease.hold(target.digest)
    store.tags.set(reference, target, 'tag')
  },
}

export default definition

function canonicalName(text: string): string | undefined {
  try {
    return formatReference(parseReference(text))
  } catch {
    return undefined
  }
}
