import { formatBytes } from '../../kit/mod.ts'
import { isDigest, shortId } from '../../oci/mod.ts'
import type { CommandDefinition } from '../command.ts'

const definition: CommandDefinition = {
  configure: (command) =>
    command
      .option('-n, --dry-run', 'say what would be freed, and free nothing')
      .option('--build-cache', 'also forget the build cache, so that its layers are freed')
      .option('--json', 'print JSON: {items, bytes, byKind}'),

  async run(context, _args, options) {
    const store = await context.store()
    const dryRun = options['dryRun'] === true
    const json = options['json'] === true
    const report = await store.gc({
      dryRun,
      buildCache: options['buildCache'] === true,
      signal: context.signal,
      onItem: (item) => {
        if (!json) context.stdout.write(`${item.kind} ${isDigest(item.id) ? shortId(item.id) : item.id} ${formatBytes(item.bytes)}\n`)
      },
    })
    if (json) context.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
    else context.stdout.write(`${dryRun ? 'Would free' : 'Freed'} ${formatBytes(report.bytes)} in ${report.items} items\n`)
  },
}

export default definition
