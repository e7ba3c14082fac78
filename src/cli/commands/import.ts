import { MediaType, parseReference } from '../../oci/mod.ts'
import { fileStream, type ByteStream } from '../../stream/mod.ts'
import { applyChanges } from '../../build/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { collect } from '../command.ts'
import { ImageCommandError } from '../images.ts'
import { platformOption } from '../platform-option.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    command
      .argument('<file|->', 'a tar of a root filesystem, plain, gzip or zstd; - reads standard input')
      .argument('<name>', 'the name of the new image')
      .option('-c, --change <instruction>', 'apply a Dockerfile instruction such as "CMD [\\"sh\\"]" (repeatable)', collect)
      .option('-m, --message <text>', 'comment of the history entry')
      .option('--platform <os/arch>', 'platform of the image (default: this machine)'),

  async run(context, [file = '', name = ''], options) {
    const reference = parseReference(name)
    const platform = platformOption(context, options['platform'])
    const changes = (options['change'] as readonly string[] | undefined) ?? []
    const runConfig = applyChanges({ Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] }, changes)
    if (file === '-' && context.stdin.isTTY === true) {
      throw new ImageCommandError('TERMINAL', 'Standard input is a terminal: nothing to import', {
        hint: 'Pipe a tar into lamina import -',
      })
    }
    const store = await context.store()
    await using lease = await store.lease('import')
    const source: ByteStream = file === '-' ? (context.stdin as AsyncIterable<Uint8Array>) : fileStream(file, { signal: context.signal })
    const layer = await store.layers.unpack(notEmpty(source, file), {
      lease,
      signal: context.signal,
      onWarning: (text) => context.stderr.write(`lamina: warning: ${text}\n`),
    })
    const created = new Date().toISOString()
    const config = {
      created,
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      config: runConfig,
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created, created_by: `lamina import ${file}`, comment: String(options['message'] ?? `Imported from ${file}`) }],
    }
    const configBytes = new TextEncoder().encode(JSON.stringify(config))
    const id = await store.content.putBytes(configBytes, lease)
    const manifestBytes = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociManifest,
        config: { mediaType: MediaType.ociConfig, digest: id, size: configBytes.length },
        layers: [{ mediaType: MediaType.ociLayer, digest: layer.diffId, size: layer.tarSize }],
      }),
    )
    const digest = await store.content.putBytes(manifestBytes, lease)
    const manifest = { mediaType: MediaType.ociManifest, digest, size: manifestBytes.length }
    await store.sync()
    store.images.put({ id, manifest })
    store.tags.set(reference, manifest, 'import')
    context.stdout.write(`${id}\n`)
  },
}

export default definition

/** No bytes at all would be taken for a tar without entries; more likely something went wrong before the pipe. */
async function* notEmpty(source: ByteStream, file: string): AsyncGenerator<Uint8Array> {
  let isEmpty = true
  for await (const piece of source) {
    isEmpty &&= piece.length === 0
    yield piece
  }
  if (isEmpty) throw new ImageCommandError('INPUT_INVALID', `${file === '-' ? 'Standard input' : file} is empty: there is no tar to import`)
}
