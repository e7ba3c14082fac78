import { once } from 'node:events'
import { startRegistry } from '../../registry/server/mod.ts'
import type { CommandDefinition } from '../command.ts'
import { ImageCommandError } from '../images.ts'

const definition: CommandDefinition = {
  configure: (command) => command.option('--listen <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:5000'),

  async run(context, _args, options) {
    const { host, port } = parseListen(String(options['listen']))
    const registry = await startRegistry({ store: await context.store(), host, port })
    context.stdout.write(`Serving on http://${registry.address}\n`)
    if (!isLoopback(host))
      context.stderr.write(
        `lamina: warning: there is no authentication yet, so everybody who reaches ${registry.address} may pull and push\n`,
      )
    if (!context.signal.aborted) await once(context.signal, 'abort')
    context.stderr.write('Finishing requests; press Ctrl-C again to stop at once\n')
    await registry.close()
  },
}

export default definition

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new ImageCommandError('OPTION_INVALID', `--listen needs HOST:PORT, got ${JSON.stringify(text)}`, {
      hint: 'For example 127.0.0.1:5000, or [::1]:0',
    })
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] as string)), port }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
