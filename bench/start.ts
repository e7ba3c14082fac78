import { join } from 'node:path'
import { compare, table } from './measure.ts'

/** How long `lamina --version` takes beside a Node that does nothing. */
export async function run(): Promise<string> {
  const root = join(import.meta.dirname, '..')
  const results = await compare(15, [
    { name: 'lamina --version', command: [join(root, 'bin/lamina'), '--version'] },
    { name: 'node -e 0', command: [join(root, 'node_modules/.bin/node'), '-e', '0'] },
  ])
  return table('Start', 'lamina --version ≤ 2.5× bare node', results)
}
