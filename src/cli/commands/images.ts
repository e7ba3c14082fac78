import { formatAge, formatBytes } from '../../kit/mod.ts'
import { familiarReference, parseReference, shortId, type Digest } from '../../oci/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { describeImages, type ImageSummary } from '../images.ts'
import { formatTable } from '../output/table.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    command
      .argument('[name]', 'show only images of this name')
      .option('-q, --quiet', 'print image IDs only')
      .option('--digests', 'show the digests that a registry has confirmed')
      .option('--no-trunc', 'print image IDs whole')
      .option('--json', 'print JSON: an array of {id, name, digest, created, size}'),

  async run({ store, stdout }, [name], options) {
    const images = filterByName(await describeImages(await store()), name)
    const id = (digest: Digest): string => (options['trunc'] === false ? digest : shortId(digest))
    if (options['json'] === true) {
      stdout.write(`${JSON.stringify(images.map(toJson), undefined, 2)}\n`)
    } else if (options['quiet'] === true) {
      for (const line of new Set(images.map((image) => id(image.id)))) stdout.write(`${line}\n`)
    } else {
      const digests = options['digests'] === true
      const headings = ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE']
      const rows = images.map((image) => [
        image.repository ?? '<none>',
        image.tag ?? '<none>',
        ...(digests ? [image.digest ?? '<none>'] : []),
        id(image.id),
        image.created === undefined ? 'N/A' : `${formatAge(Date.now() - image.created)} ago`,
        formatBytes(image.size),
      ])
      stdout.write(formatTable(headings, rows))
    }
  },
}

export default definition

function filterByName(images: readonly ImageSummary[], name: string | undefined): readonly ImageSummary[] {
  if (name === undefined) return images
  const wanted = parseReference(name, { defaultTag: false })
  const repository = familiarReference({ host: wanted.host, path: wanted.path })
  return images.filter((image) => image.repository === repository && (wanted.tag === undefined || image.tag === wanted.tag))
}

function toJson(image: ImageSummary): object {
  const { repository, tag } = image
  return {
    id: image.id,
    name: repository === undefined ? null : tag === undefined ? repository : `${repository}:${tag}`,
    digest: image.digest ?? null,
    created: image.created === undefined ? null : new Date(image.created).toISOString(),
    size: image.size,
  }
}
