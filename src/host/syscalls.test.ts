import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { getXattr, listXattrs, makeNode, removeXattr, setTimes, setXattr, syncFileSystem, tryLock } from './mod.ts'

const isRoot = process.getuid?.() === 0

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'lamina-host-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('extended attributes: set, get, list, remove; symlinks are not followed', (t) => {
  const file = join(directory(t), 'file')
  writeFileSync(file, '')
  setXattr(file, 'user.a', Buffer.from([0, 255, 1]))
  setXattr(file, 'user.big', Buffer.alloc(1000, 7))
  assert.deepEqual([...(getXattr(file, 'user.a') ?? [])], [0, 255, 1])
  assert.equal(getXattr(file, 'user.big')?.length, 1000)
  assert.equal(getXattr(file, 'user.none'), undefined)
  assert.deepEqual(listXattrs(file).toSorted(), ['user.a', 'user.big'])
  removeXattr(file, 'user.a')
  assert.deepEqual(listXattrs(file), ['user.big'])
  symlinkSync(file, `${file}.link`)
  assert.deepEqual(listXattrs(`${file}.link`), [])
})

for (const ns of [0n, 1_700_000_000_123_456_789n, -1n, -1_500_000_001n]) {
  test(`setTimes keeps ${ns} ns`, (t) => {
    const file = join(directory(t), 'file')
    symlinkSync('nowhere', file)
    setTimes(file, ns, ns)
    assert.equal(lstatSync(file, { bigint: true }).mtimeNs, ns)
  })
}

test('makeNode makes devices with large numbers', (t) => {
  if (!isRoot) return t.skip('needs root (mknod)')
  const path = join(directory(t), 'null')
  makeNode(path, 0o020_600, 300, 70_000)
  const { rdev } = lstatSync(path)
  assert.ok(lstatSync(path).isCharacterDevice())
  assert.equal(((rdev >> 8) & 0xfff) | 0, 300)
  assert.equal(((rdev & 0xff) | ((rdev >> 12) & ~0xff)) >>> 0, 70_000)
})

test('errors are like those of Node', () => {
  assert.throws(() => setXattr('/nonexistent/file', 'user.a', Buffer.from('x')), {
    code: 'ENOENT',
    syscall: 'lsetxattr',
    path: '/nonexistent/file',
  })
})

test('a lock excludes; its file may be removed under it', (t) => {
  const path = join(directory(t), 'lock')
  const first = tryLock(path)
  assert.ok(first !== undefined)
  assert.equal(tryLock(path), undefined)
  assert.equal(tryLock(path, { shared: true }), undefined)
  first.releaseAndRemove()
  using shared = tryLock(path, { shared: true })
  using also = tryLock(path, { shared: true })
  assert.ok(shared !== undefined && also !== undefined)
  assert.equal(tryLock(path), undefined)
})

test('syncFileSystem works on a directory', (t) => syncFileSystem(directory(t)))
