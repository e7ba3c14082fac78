#!/usr/bin/env node
/**
 * The program `lamina`. The only module that knows the process: environment, exit codes, signals, standard streams.
 * Everything below it is given what it needs.
 */
import { version } from './version.ts'

// The launcher's compile cache is for this process, not for what it starts.
delete process.env['NODE_COMPILE_CACHE']

const major = Number(process.versions.node.split('.')[0])
if (major < 26) {
  process.stderr.write(
    `lamina: Node.js 26 or newer is needed, this is ${process.versions.node}\n  Run npm install again (it brings one), or set LAMINA_NODE\n`,
  )
  process.exitCode = 1
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(`lamina ${version()}\n`)
} else {
  const { main } = await import('./program.ts')
  await main()
}
