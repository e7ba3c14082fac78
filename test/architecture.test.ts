import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { parseSync } from 'oxc-parser'

/** Who may import whom: the walls of the program. ARCHITECTURE.md shows this table; the last test compares them. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  oci: ['kit'],
  dockerfile: ['kit', 'oci'],
  host: ['kit'],
  stream: ['kit', 'oci'],
  archive: ['kit', 'stream'],
  image: ['kit', 'host', 'oci', 'stream', 'archive'],
  store: ['kit', 'host', 'oci', 'stream', 'archive', 'image'],
  'registry/client': ['kit', 'oci', 'stream', 'image'],
  'registry/server': ['kit', 'host', 'oci', 'stream', 'image', 'store'],
  runtime: ['kit', 'host', 'oci', 'store'],
  build: ['kit', 'host', 'oci', 'stream', 'archive', 'image', 'store', 'dockerfile', 'runtime'],
  cli: [
    'kit',
    'host',
    'oci',
    'stream',
    'archive',
    'image',
    'store',
    'registry/client',
    'registry/server',
    'dockerfile',
    'runtime',
    'build',
  ],
}

/** Modules without I/O: they run in a browser too. */
const PURE = ['kit', 'oci', 'dockerfile']

/** Who may touch what of the machine; everybody else gets it from them. */
const CAPABILITIES: readonly { readonly uses: RegExp; readonly only: readonly string[] }[] = [
  { uses: /^node:child_process$/, only: ['src/host/'] },
  { uses: /^koffi$/, only: ['src/host/'] },
  { uses: /^node:sqlite$/, only: ['src/store/metadata/', 'src/registry/server/storage/'] },
  { uses: /^node:https?$/, only: ['src/registry/server/listen.ts', 'src/registry/client/transport/'] },
  { uses: /^undici$/, only: ['src/registry/client/transport/'] },
  { uses: /^node:(net|tls|dgram|http2)$/, only: ['src/registry/server/listen.ts', 'src/registry/client/transport/'] },
  { uses: /^commander$/, only: ['src/cli/'] },
]

interface Import {
  readonly file: string
  readonly target: string
}

const sources = globSync('src/**/*.ts')
  .filter((file) => !file.endsWith('.test.ts'))
  .toSorted()
const imports = sources.flatMap(importsOf)

test('there are sources to look at', () => assert.ok(sources.length > 50 && imports.length > 100))

test('imports follow the module table', () => {
  const broken: string[] = []
  for (const { file, target } of imports) {
    if (!target.startsWith('.')) continue
    const [from, to] = [moduleOf(file), moduleOf(resolved(file, target))]
    if (from !== to && !(to !== undefined && from !== undefined && MAY_IMPORT[from]?.includes(to)))
      broken.push(`${file}: ${from} may not import ${to}`)
  }
  assert.deepEqual(broken, [])
})

test('from outside, a module is entered by its mod.ts', () => {
  const broken = imports
    .filter(({ target }) => target.startsWith('.'))
    .filter(({ file, target }) => moduleOf(file) !== moduleOf(resolved(file, target)) && basename(target) !== 'mod.ts')
    .map(({ file, target }) => `${file}: ${target}`)
  assert.deepEqual(broken, [])
})

test('a file named _x.ts is private to its folder', () => {
  const broken = imports
    .filter(({ file, target }) => basename(target).startsWith('_') && dirname(resolved(file, target)) !== dirname(file))
    .map(({ file, target }) => `${file}: ${target}`)
  assert.deepEqual(broken, [])
})

test('pure modules use nothing of Node', () => {
  const broken = imports
    .filter(({ file, target }) => PURE.includes(moduleOf(file) ?? '') && !target.startsWith('.'))
    .map(({ file, target }) => `${file}: ${target}`)
  assert.deepEqual(broken, [])
})

test('capabilities are used only where they belong', () => {
  const broken: string[] = []
  for (const { uses, only } of CAPABILITIES) {
    for (const { file, target } of imports) {
      if (uses.test(target) && !only.some((place) => file.startsWith(place))) broken.push(`${file}: ${target}`)
    }
  }
  assert.deepEqual(broken, [])
})

test('only cli knows the environment, the exit code and the console', () => {
  const broken = sources
    .filter((file) => !file.startsWith('src/cli/'))
    .filter((file) => /\bprocess\.(env|exit|exitCode|stdout|stderr|argv)\b|\bconsole\./.test(withoutComments(file)))
  assert.deepEqual(broken, [])
})

test('the solver knows nothing of files, processes or images', () => {
  const broken = imports
    .filter(({ file }) => file.startsWith('src/build/solver/'))
    .filter(
      ({ file, target }) =>
        !target.startsWith('.') ||
        (moduleOf(resolved(file, target)) === 'build'
          ? !resolved(file, target).startsWith('src/build/solver/')
          : !PURE.includes(moduleOf(resolved(file, target)) ?? '')),
    )
    .filter(({ target }) => target !== 'node:crypto')
    .map(({ file, target }) => `${file}: ${target}`)
  assert.deepEqual(broken, [])
})

test('ARCHITECTURE.md shows the module table as it is', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8')
  const rows = [...text.matchAll(/^\| `src\/([a-z/]+)\/` \|.*\| ([^|]+) \|$/gm)].map(
    ([, module, may]) => [module, (may ?? '').trim()] as const,
  )
  const wanted = Object.entries(MAY_IMPORT).map(
    ([module, may]) => [module, may.length === 0 ? '–' : module === 'cli' ? 'all' : may.join(' ')] as const,
  )
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(wanted))
})

function importsOf(file: string): Import[] {
  const { module } = parseSync(file, readFileSync(file, 'utf8'))
  const targets = [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => readFileSync(file, 'utf8').slice(moduleRequest.start + 1, moduleRequest.end - 1)),
  ]
  return targets.map((target) => ({ file, target }))
}

function resolved(file: string, target: string): string {
  return normalize(join(dirname(file), target))
}

function moduleOf(path: string): string | undefined {
  const parts = path.split('/')
  if (parts[0] !== 'src') return undefined
  return parts[1] === 'registry' ? `registry/${parts[2]}` : parts[1]
}

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
}
