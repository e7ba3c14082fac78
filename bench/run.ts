/** `npm run bench [NAME…]`: runs the benchmarks beside the peers that this machine has, and prints their tables. */
import { globSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { basename, join } from 'node:path'

const names = process.argv.slice(2)
const all = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'run' && name !== 'measure' && !name.startsWith('_'))
for (const name of names.length > 0 ? names : all.toSorted()) {
  const benchmark = (await import(join(import.meta.dirname, `${name}.ts`))) as { run?: () => Promise<string> }
  if (benchmark.run !== undefined) process.stdout.write(`${await benchmark.run()}\n`)
}
process.stdout.write(
  `Node ${process.versions.node}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString().slice(0, 10)}\n`,
)
