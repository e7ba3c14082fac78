import assert from 'node:assert/strict'
import { chmodSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathFilter } from '../../dockerfile/mod.ts'
import { ContextTree } from '../context/context-tree.ts'
import { FileDigests } from '../context/file-digests.ts'
import type { FileIdentity } from './source-tree.ts'
import { digestSources, type DigestOptions } from './digest-sources.ts'
import { selectSources } from './select-sources.ts'
import { plant, scratch } from './testing.ts'

const NO_CACHE = new FileDigests({ get: () => undefined, run: () => 0, transaction: (work) => work() })

async function digest(
  root: string,
  sources: readonly string[],
  options: DigestOptions & { readonly ignore?: string } = {},
): Promise<string> {
  const ignore = options.ignore === undefined ? undefined : { name: '.dockerignore', text: options.ignore }
  const tree = new ContextTree(root, ignore, NO_CACHE)
  return digestSources(tree, selectSources(tree, sources), options)
}

const CHANGES: readonly (readonly [name: string, change: (root: string) => void, isChange: boolean, sources?: readonly string[]])[] = [
  ['nothing', () => {}, false],
  ['a time', (root) => utimesSync(join(root, 'd/a'), 1, 1), false],
  ['content', (root) => writeFileSync(join(root, 'd/a'), '2'), true],
  ['a mode', (root) => chmodSync(join(root, 'd/a'), 0o600), true],
  ['the mode of a directory inside', (root) => chmodSync(join(root, 'd/s'), 0o700), true],
  ['the mode of the directory itself', (root) => chmodSync(join(root, 'd'), 0o700), false],
  ['a name', (root) => renameSync(join(root, 'd/a'), join(root, 'd/z')), true],
  ['the name of the directory', (root) => (renameSync(join(root, 'd'), join(root, 'e')), undefined), false, ['?']],
  ['a name that a wildcard matches', (root) => renameSync(join(root, 'x.c'), join(root, 'y.c')), true, ['*.c']],
  ['a link', (root) => (rmSync(join(root, 'd/l')), symlinkSync('b', join(root, 'd/l'))), true],
  ['a new file', (root) => writeFileSync(join(root, 'd/new'), ''), true],
  ['a file beside', (root) => writeFileSync(join(root, 'other'), ''), false],
  ['a file that is excluded', (root) => writeFileSync(join(root, 'd/x.tmp'), ''), false],
  ['a file that is ignored', (root) => writeFileSync(join(root, 'd/x.log'), ''), false],
  ['an empty directory', (root) => plant(root, { 'd/empty/': '' }), true],
]

for (const [name, change, isChange, sources = ['d']] of CHANGES) {
  test(`digestSources: ${name} ${isChange ? 'counts' : 'does not count'}`, async (t) => {
    const root = plant(scratch(t), { 'd/a': '1', 'd/s/b': '2', 'd/l': '-> a', 'x.c': 'c' })
    const options = { ignore: '**/*.log', excludes: pathFilter(['*.tmp']) }
    const before = await digest(root, sources, options)
    change(root)
    assert.equal((await digest(root, sources, options)) !== before, isChange)
  })
}

test('digestSources: files that look the same to stat are not read, unless they changed just now', async (t) => {
  const root = plant(scratch(t), { 'd/a': '1' })
  const known = new Map<string, string>()
  const asked: FileIdentity[] = []
  const cache = {
    find: ({ text }: Pick<FileIdentity, 'text'>) => known.get(text),
    remember(identity: FileIdentity, value: string) {
      asked.push(identity)
      known.set(identity.text, value)
    },
  }
  const first = await digest(root, ['d'], { cache })
  assert.equal(asked.length, 1)
  assert.ok(Number((asked[0] as FileIdentity).changedNs / 1_000_000n) > Date.now() - 10_000)
  known.set((asked[0] as FileIdentity).text, 'from the cache')
  assert.equal(await digest(root, ['d'], { cache }), 'from the cache')
  writeFileSync(join(root, 'd/a'), '22')
  assert.notEqual(await digest(root, ['d'], { cache }), first)

  const rows = new Map<string, string>()
  const digests = new FileDigests({
    get: () => undefined,
    run: (_sql, text, value) => rows.set(String(text), String(value)).size,
    transaction: (work) => work(),
  })
  const now = BigInt(Date.now()) * 1_000_000n
  digests.remember({ text: 'racy', changedNs: now - 1_000_000_000n }, 'x')
  digests.remember({ text: 'old', changedNs: now - 5_000_000_000n }, 'y')
  assert.equal(digests.find({ text: 'racy' }), undefined)
  assert.equal(digests.find({ text: 'old' }), 'y')
  digests.save()
  assert.equal(rows.get('old'), 'y')
  assert.equal(rows.has('racy'), false)
})
