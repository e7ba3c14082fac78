import assert from 'node:assert/strict'
import { chmodSync, linkSync, lstatSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseChmod, pathFilter } from '../../dockerfile/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { ContextTree } from '../context/context-tree.ts'
import { FileDigests } from '../context/file-digests.ts'
import { copyFiles, type CopyRequest } from './copy-files.ts'
import { selectSources } from './select-sources.ts'
import { directoryView, harvest, plant, scratch } from './testing.ts'
import { UpperWriter } from './upper-writer.ts'

const NO_CACHE = new FileDigests({ get: () => undefined, run: () => 0, transaction: (work) => work() })

interface Layout {
  readonly context?: Readonly<Record<string, string>>
  readonly below?: Readonly<Record<string, string>>
  readonly ignore?: string
}

interface Copied {
  readonly upper: string
  readonly context: string
  readonly below: string
}

async function copy(
  t: TestContext,
  layout: Layout,
  sources: readonly string[],
  destination: string,
  more: Partial<CopyRequest> = {},
): Promise<Copied> {
  const root = scratch(t)
  const [context, below, upper] = ['context', 'below', 'upper'].map((name) => join(root, name)) as [string, string, string]
  for (const path of [context, below, upper]) mkdirSync(path)
  plant(context, layout.context ?? {})
  plant(below, layout.below ?? {})
  const ignoreFile = layout.ignore === undefined ? undefined : { name: '.dockerignore', text: layout.ignore }
  const tree = new ContextTree(context, ignoreFile, NO_CACHE)
  await copyFiles(new UpperWriter(upper, directoryView(below)), {
    tree,
    sources: selectSources(tree, sources),
    inline: [],
    destination,
    owner: undefined,
    chmod: undefined,
    excludes: pathFilter([]),
    signal: new AbortController().signal,
    ...more,
  })
  return { upper, context, below }
}

const isRoot = process.getuid?.() === 0

const ROWS: readonly (readonly [
  name: string,
  layout: Layout,
  sources: readonly string[],
  destination: string,
  result: Readonly<Record<string, string>> | string,
])[] = [
  ['a file under a new name', { context: { a: '1' } }, ['a'], '/x/b', { 'x/b': '1' }],
  ['a file into a directory that the slash names', { context: { a: '1' } }, ['a'], '/x/', { 'x/a': '1' }],
  ['a file into a directory that is there', { context: { a: '1' }, below: { 'x/': '' } }, ['a'], '/x', { 'x/a': '1' }],
  ['a file over a file', { context: { a: '1' }, below: { x: '0' } }, ['a'], '/x', { x: '1' }],
  ['leading slash and dots stop at the root', { context: { a: '1' } }, ['/../../a'], '/', { a: '1' }],
  [
    'a directory gives its contents',
    { context: { 'd/a': '1', 'd/s/b': '2', 'd/e/': '' } },
    ['d'],
    '/x',
    { 'x/a': '1', 'x/s/b': '2', 'x/e/': '' },
  ],
  ['a slash behind a source means nothing', { context: { 'd/a': '1' } }, ['d/'], '/x', { 'x/a': '1' }],
  ['the whole context', { context: { a: '1', 'd/b': '2' } }, ['.'], '/x/', { 'x/a': '1', 'x/d/b': '2' }],
  ['wildcards', { context: { 'a.c': '1', 'b.c': '2', 'c.h': '3' } }, ['*.c'], '/x/', { 'x/a.c': '1', 'x/b.c': '2' }],
  ['wildcards flatten directories', { context: { 'd1/a': '1', 'd2/b': '2' } }, ['d?'], '/x/', { 'x/a': '1', 'x/b': '2' }],
  ['wildcards in the middle', { context: { 'p/a/f': '1', 'p/b/f': '2', 'p/b/g': '3' } }, ['p/*/g'], '/x/', { 'x/g': '3' }],
  ['a wildcard that matches nothing', { context: { a: '1' } }, ['a', 'n*'], '/x/', { 'x/a': '1' }],
  ['escaped wildcards', { context: { 'a*': '1', ab: '2' } }, ['a\\*'], '/x/', { 'x/a*': '1' }],
  ['a named symlink is followed', { context: { a: '1', l: '-> a' } }, ['l'], '/x/', { 'x/l': '1' }],
  ['a symlink on the way is followed', { context: { 'd/a': '1', l: '-> d' } }, ['l/a'], '/x/', { 'x/a': '1' }],
  ['a symlink out of the context stops at its root', { context: { 'etc/a': '1', l: '-> ../../etc' } }, ['l/a'], '/', { a: '1' }],
  [
    'symlinks inside stay',
    { context: { 'd/a': '1', 'd/l': '-> a', 'd/gone': '-> no' } },
    ['d'],
    '/x',
    { 'x/a': '1', 'x/l': '-> a', 'x/gone': '-> no' },
  ],
  [
    'a symlinked destination is followed in the image',
    { context: { a: '1' }, below: { 'real/': '', link: '-> real' } },
    ['a'],
    '/link/',
    { 'real/a': '1' },
  ],
  [
    'absolute links stay in the image',
    { context: { a: '1' }, below: { 'opt/': '', link: '-> /opt' } },
    ['a'],
    '/link/s/',
    { 'opt/s/a': '1' },
  ],
  ['a dangling destination is made', { context: { a: '1' }, below: { link: '-> far/away' } }, ['a'], '/link/', { 'far/away/a': '1' }],
  ['a file over a link to a file', { context: { a: '1' }, below: { 'd/f': '0', link: '-> d/f' } }, ['a'], '/link', { 'd/f': '1' }],
  ['ignored files', { context: { a: '1', 'b.log': '2', 'd/c.log': '3' }, ignore: '**/*.log' }, ['.'], '/x/', { 'x/a': '1', 'x/d/': '' }],
  ['what ! brings back', { context: { 'd/a': '1', 'd/b': '2', 'e/c': '3' }, ignore: '*\n!d/b' }, ['.'], '/x/', { 'x/d/b': '2' }],
  ['a missing source', { context: { a: '1' } }, ['b'], '/x/', 'SOURCE_MISSING'],
  ['an ignored source', { context: { a: '1' }, ignore: 'a' }, ['a'], '/x/', 'SOURCE_MISSING'],
  ['a source behind an ignored link', { context: { a: '1', l: '-> a' }, ignore: 'a' }, ['l'], '/x/', 'SOURCE_MISSING'],
  ['a link that goes round', { context: { l: '-> m', m: '-> l' } }, ['l'], '/x/', 'SOURCE_MISSING'],
  ['a directory over a file', { context: { 'd/a': '1' }, below: { x: '0' } }, ['d'], '/x', 'COPY_CONFLICT'],
  ['a file over a directory', { context: { 'd/a': '1' }, below: { 'x/a/': '' } }, ['d'], '/x', 'COPY_CONFLICT'],
  ['a destination behind a file', { context: { a: '1' }, below: { x: '0' } }, ['a'], '/x/y', 'COPY_CONFLICT'],
  ['a destination that goes round', { context: { a: '1' }, below: { l: '-> m', m: '-> l' } }, ['a'], '/l/', 'COPY_CONFLICT'],
]

for (const [name, layout, sources, destination, wanted] of ROWS) {
  test(`copyFiles: ${name}`, async (t) => {
    if (!isRoot) return t.skip('needs root (owners of files)')
    if (typeof wanted !== 'string') return assert.deepEqual(harvest((await copy(t, layout, sources, destination)).upper), wanted)
    await assert.rejects(copy(t, layout, sources, destination), (error) => codeOf(error) === wanted)
  })
}

test('copyFiles: modes, owners and times', async (t) => {
  if (!isRoot) return t.skip('needs root (owners of files)')
  const root = scratch(t)
  plant(root, { 'context/d/run': 'x', 'context/d/s/f': 'y', 'below/there/': '', 'upper/': '' })
  chmodSync(join(root, 'context/d/run'), 0o4751)
  chmodSync(join(root, 'context/d/s'), 0o700)
  utimesSync(join(root, 'context/d/run'), 100.9, 100.9)
  chmodSync(join(root, 'below/there'), 0o1770)
  utimesSync(join(root, 'below/there'), 500, 500)
  const tree = new ContextTree(join(root, 'context'), undefined, NO_CACHE)
  const request = {
    tree,
    sources: selectSources(tree, ['d']),
    inline: [{ name: 'note', content: 'n' }],
    excludes: pathFilter([]),
    signal: new AbortController().signal,
  }
  const at = (path: string): [mode: number, uid: number, gid: number] => {
    const { mode, uid, gid } = statSync(join(root, 'upper', path))
    return [mode & 0o7777, uid, gid]
  }
  const writer = new UpperWriter(join(root, 'upper'), directoryView(join(root, 'below')))
  await copyFiles(writer, { ...request, destination: '/there/', owner: undefined, chmod: undefined })
  assert.deepEqual(
    [at('there'), at('there/run'), at('there/s'), at('there/note')],
    [
      [0o1770, 0, 0],
      [0o4751, 0, 0],
      [0o700, 0, 0],
      [0o644, 0, 0],
    ],
  )
  assert.deepEqual(
    ['there', 'there/run'].map((path) => statSync(join(root, 'upper', path)).mtimeMs),
    [500_000, 100_000],
  )

  await copyFiles(writer, { ...request, destination: '/new/deep/', owner: { uid: 5, gid: 6 }, chmod: parseChmod('750') })
  assert.deepEqual(
    [at('new'), at('new/deep'), at('new/deep/run'), at('new/deep/s'), at('new/deep/note')],
    Array.from({ length: 5 }, () => [0o750, 5, 6]),
  )
  await copyFiles(writer, { ...request, destination: '/sym/', owner: undefined, chmod: parseChmod('go=rX') })
  assert.deepEqual([at('sym/run')[0], at('sym/s')[0], at('sym/s/f')[0]], [0o4755, 0o755, 0o644])
})

test('copyFiles: hard links within one copy stay', async (t) => {
  if (!isRoot) return t.skip('needs root (owners of files)')
  const root = scratch(t)
  plant(root, { 'context/d/a': 'x', 'upper/': '', 'below/': '' })
  linkSync(join(root, 'context/d/a'), join(root, 'context/d/b'))
  writeFileSync(join(root, 'context/d/c'), 'x')
  const tree = new ContextTree(join(root, 'context'), undefined, NO_CACHE)
  const writer = new UpperWriter(join(root, 'upper'), directoryView(join(root, 'below')))
  await copyFiles(writer, {
    tree,
    sources: selectSources(tree, ['d']),
    inline: [],
    destination: '/',
    owner: undefined,
    chmod: undefined,
    excludes: pathFilter([]),
    signal: new AbortController().signal,
  })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => lstatSync(join(root, 'upper', name)).ino)
  assert.equal(a, b)
  assert.notEqual(a, c)
})

test('copyFiles: --exclude counts from each source', async (t) => {
  if (!isRoot) return t.skip('needs root (owners of files)')
  const context = { 'd/a.md': '1', 'd/s/b.md': '2', 'd/s/c': '3' }
  const { upper } = await copy(t, { context }, ['d'], '/x', { excludes: pathFilter(['*.md']) })
  assert.deepEqual(harvest(upper), { 'x/s/b.md': '2', 'x/s/c': '3' })
})
