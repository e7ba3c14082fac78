import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startRegistry, type RegistryOptions } from '../../src/registry/server/mod.ts'
import { openStore } from '../../src/store/mod.ts'
import { execute } from '../support/lamina.ts'
import { find } from '../support/machine.ts'

const MODULE = 'github.com/opencontainers/distribution-spec/conformance'
const VERSION = 'v0.0.0-20260831232431-97274622c111'
const CACHE = join(import.meta.dirname, '../../.cache/conformance', VERSION)

export interface ConformanceResult {
  readonly passed: number
  readonly skipped: readonly string[]
  readonly failed: readonly string[]
}

/** The official suite of the distribution-spec, built once with Go; undefined (and the test skipped) where there is no Go. */
export async function conformanceSuite(t: TestContext): Promise<string | undefined> {
  const program = join(CACHE, 'conformance')
  if (existsSync(program)) return program
  const go = find('go') ?? find('/usr/local/go/bin/go')
  if (go === undefined) {
    t.skip('needs go, to build the conformance suite')
    return undefined
  }
  await mkdir(CACHE, { recursive: true })
  const built = await execute(go, ['install', `${MODULE}@${VERSION}`], { env: { GOBIN: CACHE }, cwd: CACHE, timeout: 600_000 })
  if (built.code !== 0) throw new Error(`go install ended with ${built.code}\n${built.stderr}`)
  return program
}

/** Runs the suite against a registry on a new store. `env` are its own settings (OCI_VERSION, OCI_DATA_…). */
export async function runConformance(
  program: string,
  env: Readonly<Record<string, string>>,
  options: Partial<RegistryOptions> = {},
): Promise<ConformanceResult> {
  const path = await mkdtemp(join(tmpdir(), 'lamina-conformance-'))
  try {
    await using store = await openStore(join(path, 'store'))
    const failures: unknown[] = []
    const registry = await startRegistry({ store, host: '127.0.0.1', port: 0, onError: (error) => failures.push(error), ...options })
    const results = join(path, 'results')
    await mkdir(results)
    const run = await execute(program, [], {
      cwd: results,
      env: {
        OCI_REGISTRY: registry.address,
        OCI_TLS: 'disabled',
        OCI_REPO1: 'conformance/repo1',
        OCI_REPO2: 'conformance/repo2',
        OCI_RESULTS_DIR: results,
        ...env,
      },
    })
    await registry.close()
    if (failures.length > 0) throw new AggregateError(failures, 'Something failed inside the registry')
    // The suite exits with 0 too when its own set-up is wrong: without a report nothing was tested.
    const report = await readFile(join(results, 'junit.xml'), 'utf8').catch(() => '')
    if (report === '') throw new Error(`The suite left no report; it said\n${run.stdout}\n${run.stderr}`)
    return parseReport(report)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

function parseReport(xml: string): ConformanceResult {
  const cases = Array.from(xml.matchAll(/<testcase\b([^>]*)>/g), ([, attributes = '']) => ({
    name: /\bname="([^"]*)"/.exec(attributes)?.[1] ?? '',
    status: /\bstatus="([^"]*)"/.exec(attributes)?.[1] ?? '',
  }))
  const named = (fits: (status: string) => boolean): string[] => cases.filter(({ status }) => fits(status)).map(({ name }) => name)
  return {
    passed: named((status) => status === 'passed').length,
    skipped: named((status) => status === 'skipped'),
    failed: named((status) => status !== 'passed' && status !== 'skipped'),
  }
}
