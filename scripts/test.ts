/**
 * The test runner behind `npm test`: checks, then every test file, then one line of totals.
 * Usage: node scripts/test.ts [--unit] [file…]   --unit: only tests beside the sources and the architecture test
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const root = join(import.meta.dirname, '..')
process.chdir(root)
process.env['PATH'] = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}:/usr/sbin:/sbin`

const args = process.argv.slice(2)
const unitOnly = args.includes('--unit')
const named = args.filter((arg) => !arg.startsWith('--'))
const totals = { passed: 0, failed: 0, skipped: 0 }

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'tsc', '-p', '.'],
  ['lint', 'oxlint', '--type-aware', 'src', 'test', 'bench', 'scripts'],
  ['format', 'oxfmt', '--check', 'src', 'test', 'bench', 'scripts'],
  ['dead code', 'knip', '--no-progress'],
]

if (named.length === 0) for (const [name, ...command] of CHECKS) check(name, command)
const unit = ['test/architecture.test.ts', ...globSync('src/**/*.test.ts')]
await runFiles(named.length > 0 ? named : unit, availableParallelism())
if (!unitOnly && named.length === 0) {
  // These mount, listen and measure disks: one at a time.
  await runFiles(globSync('test/{integration,conformance}/**/*.test.ts').toSorted(), 1)
}

const skipped = totals.skipped === 0 ? '' : `, ${totals.skipped} skipped`
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`)
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1

function check(name: string, [command, ...rest]: readonly string[]): void {
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(command as string, rest, { encoding: 'utf8' })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  if (status === 0) {
    totals.passed++
    process.stdout.write(`✔ ${name} (${seconds}s)\n`)
  } else {
    totals.failed++
    process.stdout.write(`✖ ${name} (${seconds}s)\n${stdout}${stderr}\n`)
  }
}

async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return
  const events = run({ files: [...files], concurrency })
  events.on('test:pass', (event) => {
    // A file and a suite are no tests of their own.
    if (event.details.type === 'suite' || event.name === event.file) return
    if (event.skip === undefined || event.skip === false) totals.passed++
    else totals.skipped++
  })
  events.on('test:fail', (event) => {
    if (event.details.type !== 'suite') totals.failed++
  })
  for await (const text of events.compose(new spec())) process.stdout.write(text as string)
}
