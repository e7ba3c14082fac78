import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { sandbox, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

/** A tmpfs of its own in the sandbox, with a file that fills most of it. */
async function smallDisk(box: Sandbox, megabytes: number): Promise<{ root: string; free(): Promise<void> }> {
  const disk = join(box.path, 'disk')
  await mkdir(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk])
  box.defer(() => execFileSync('umount', ['-l', disk]))
  const ballast = join(disk, 'ballast')
  await writeFile(ballast, Buffer.alloc((megabytes - 12) << 20))
  return { root: join(disk, 'store'), free: () => rm(ballast) }
}

/** An image with 20 MB that no compression makes smaller. */
async function bigContext(box: Sandbox): Promise<string> {
  const context = join(box.path, 'context')
  await mkdir(context, { recursive: true })
  await writeFile(join(context, 'big'), randomBytes(20 << 20))
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPY big /big\n')
  return context
}

test('a full disk in the middle of a pull', { timeout: 120_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  const registry = await box.serve()
  await box.ok(['import', await busyboxTar(), 'busybox'])
  await box.ok(['build', '-t', `${registry}/big`, await bigContext(box)])
  const pushed = await box.ok(['push', `${registry}/big`])
  const { root, free } = await smallDisk(box, 80)

  const failed = await box.run(['--root', root, 'pull', `${registry}/big`])
  assert.equal(failed.code, 1, failed.stderr)
  assert.match(failed.stderr, /space|full/i)
  assert.match(failed.stderr, /disk/, 'it names the filesystem')
  assert.doesNotMatch(failed.stderr, /\n {4}at /)
  assert.equal(await box.ok(['--root', root, 'images', '-q']), '')
  await free()
  assert.match(await box.ok(['--root', root, 'verify']), /no damage/)
  assert.equal(await box.ok(['--root', root, 'pull', `${registry}/big`]), pushed)
  assert.match(await box.ok(['--root', root, 'verify']), /no damage/)
})

test('a full disk in the middle of a build', { timeout: 120_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  const { root, free } = await smallDisk(box, 80)
  const context = await bigContext(box)
  await box.ok(['--root', root, 'import', await busyboxTar(), 'busybox'])

  const failed = await box.run(['--root', root, 'build', '-t', 'big', context])
  assert.equal(failed.code, 1, failed.stderr)
  assert.match(failed.stderr, /space|full/i)
  assert.doesNotMatch(failed.stderr, /\n {4}at /)
  await free()
  assert.match(await box.ok(['--root', root, 'verify']), /no damage/)
  await box.ok(['--root', root, 'build', '-t', 'big', context])
  assert.equal(await box.ok(['--root', root, 'run', '--rm', 'big', 'sh', '-c', 'wc -c < /big']), String(20 << 20))
})
