import { formatBytes } from '../../kit/mod.ts'
import { probeMachine } from '../../host/mod.ts'
import { storeInfo } from '../../store/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { version } from '../version.ts'

const definition: CommandDefinition = {
  configure: (command) => command.option('--json', 'print JSON'),

  async run(context, _args, options) {
    const store = await context.store()
    const facts = {
      version: version(),
      store: await storeInfo(store),
      machine: await probeMachine({ path: context.env['PATH'] ?? '', directory: store.root }),
    }
    context.stdout.write(options['json'] === true ? `${JSON.stringify(facts, undefined, 2)}\n` : describe(facts, 0))
  },
}

export default definition

/** Nested facts as indented `name: value` lines. */
function describe(value: unknown, depth: number, key = ''): string {
  const indent = '  '.repeat(depth)
  const words = key.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return `${indent}${words}: ${value.length === 0 ? 'none' : value.join(' ')}\n`
    return `${indent}${words}:\n${value.map((item) => describe(item, depth + 1, '-')).join('')}`
  }
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).map(([name, item]) => describe(item, key === '' ? depth : depth + 1, name))
    return `${key === '' ? '' : `${indent}${words}:\n`}${inner.join('')}`
  }
  if (typeof value === 'boolean') return `${indent}${words}: ${value ? 'yes' : 'no'}\n`
  if (typeof value === 'number' && /bytes/i.test(key)) return `${indent}${words.replace(/ ?bytes/i, '')}: ${formatBytes(value)}\n`
  return `${indent}${words}: ${String(value ?? '–')}\n`
}
