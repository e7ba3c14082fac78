import { formatAge, formatBytes } from '../../kit/mod.ts'
import { shortId, type HistoryEntry } from '../../oci/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { findImage, layerSizes } from '../images.ts'
import { cut, formatTable } from '../output/table.ts'

const CREATED_BY = 45

const definition: CommandDefinition = {
  configure: (command) =>
    command
      .argument('<image>', 'name or ID')
      .option('-q, --quiet', 'print image IDs only')
      .option('--no-trunc', 'do not cut anything')
      .option('--json', 'print JSON: an array of {created, createdBy, size, comment, emptyLayer}, newest first'),

  async run(context, [name = ''], options) {
    const store = await context.store()
    const record = await findImage(store, name)
    const { config } = await store.images.read(record)
    const sizes = await layerSizes(store, record)
    let layer = 0
    const entries = (config.history ?? sizes.map((): HistoryEntry => ({}))).map((entry) => ({
      created: entry.created,
      createdBy: entry.created_by ?? '',
      size: entry.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
      comment: entry.comment ?? '',
      emptyLayer: entry.empty_layer === true,
    }))
    entries.reverse()
    const whole = options['trunc'] === false
    const id = (index: number): string => (index > 0 ? '<missing>' : whole ? record.id : shortId(record.id))
    if (options['json'] === true) {
      context.stdout.write(`${JSON.stringify(entries, undefined, 2)}\n`)
    } else if (options['quiet'] === true) {
      context.stdout.write(entries.map((_, i) => `${id(i)}\n`).join(''))
    } else {
      const rows = entries.map((entry, i) => [
        id(i),
        entry.created === undefined ? 'N/A' : `${formatAge(Date.now() - Date.parse(entry.created))} ago`,
        oneLine(entry.createdBy, whole),
        formatBytes(entry.size),
        entry.comment,
      ])
      context.stdout.write(formatTable(['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], rows))
    }
  },
}

export default definition

function oneLine(text: string, whole: boolean): string {
  const line = text.replaceAll(/[\t\n\r]+/g, ' ')
  return whole ? line : cut(line, CREATED_BY)
}
