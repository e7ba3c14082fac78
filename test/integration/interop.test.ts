import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { execute, sandbox, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs, privateDocker } from '../support/machine.ts'

const DOCKERFILE = 'FROM busybox\nRUN echo one > /one && mkdir -m 700 /private\nRUN rm /one && echo two > /two\nCMD ["cat", "/two"]\n'

let tar: string
before(async () => {
  tar = await busyboxTar().catch(() => '')
})

/** A small image with a whiteout, built here. Gives its image ID. */
async function buildImage(box: Sandbox, name: string): Promise<string> {
  const context = join(box.path, 'context')
  await mkdir(context, { recursive: true })
  await writeFile(join(context, 'Dockerfile'), DOCKERFILE)
  await box.ok(['import', tar, 'busybox'])
  return box.ok(['build', '-t', name, context])
}

async function skopeo(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute('skopeo', args, { env: { TMPDIR: '/tmp' } })
  if (code !== 0) throw new Error(`skopeo ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
  return stdout
}

const POLICY = ['--insecure-policy']

test('skopeo copies out of our registry and back in, digests unchanged', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc', 'skopeo'] })) return
  const box = await sandbox(t)
  const registry = await box.serve()
  await buildImage(box, `${registry}/a/b:1`)
  const digest = (await box.ok(['push', `${registry}/a/b:1`])).split('@')[1]

  const directory = join(box.path, 'dir')
  await skopeo(...POLICY, 'copy', '--src-tls-verify=false', `docker://${registry}/a/b:1`, `oci:${directory}:one`)
  await skopeo(...POLICY, 'copy', '--dest-tls-verify=false', `oci:${directory}:one`, `docker://${registry}/back/again:2`)
  const inspected = JSON.parse(await skopeo('inspect', '--tls-verify=false', `docker://${registry}/back/again:2`)) as { Digest: string }
  assert.equal(inspected.Digest, digest)
  assert.equal((await box.ok(['--root', join(box.path, 'other'), 'pull', `${registry}/back/again:2`])).split('@')[1], digest)
})

test('archives: ours load in skopeo, skopeo’s load here, the image ID stays', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc', 'skopeo'] })) return
  const box = await sandbox(t)
  const id = await buildImage(box, 'example.com/made:1')
  const archive = join(box.path, 'saved.tar')
  await box.ok(['save', '-o', archive, 'example.com/made:1'])

  for (const [transport, suffix] of [
    ['docker-archive', ''],
    ['oci-archive', ''],
  ] as const) {
    const inspected = JSON.parse(await skopeo('inspect', '--raw', '--config', `${transport}:${archive}${suffix}`)) as {
      rootfs: { diff_ids: string[] }
    }
    assert.equal(inspected.rootfs.diff_ids.length, 3, transport)
    const out = join(box.path, `${transport}.tar`)
    await skopeo(...POLICY, 'copy', `${transport}:${archive}`, `${transport}:${out}:example.com/made:1`)
    const other = join(box.path, transport)
    assert.equal(await box.ok(['--root', other, 'load', '-i', out]), 'Loaded image: example.com/made:1')
    assert.equal(await box.ok(['--root', other, 'images', '-q', '--no-trunc']), id, transport)
    assert.equal(await box.ok(['--root', other, 'run', '--rm', 'example.com/made:1']), 'two')
  }

  const piped = await box.run(['save', 'example.com/made:1'])
  assert.equal(piped.code, 0, piped.stderr)
  assert.equal(await box.ok(['--root', join(box.path, 'own'), 'load', '-i', archive]), 'Loaded image: example.com/made:1')
  assert.equal(await box.ok(['--root', join(box.path, 'own'), 'images', '-q', '--no-trunc']), id)
})

test('docker loads what we save, pulls from and pushes to our registry', { timeout: 300_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc', 'dockerd', '/usr/bin/docker'] })) return
  const box = await sandbox(t)
  const docker = await privateDocker(box)
  const registry = await box.serve()
  const id = await buildImage(box, `${registry}/made:1`)
  const archive = join(box.path, 'saved.tar')
  await box.ok(['save', '-o', archive, `${registry}/made:1`])
  assert.match(await docker('load', '-i', archive), /made:1/)
  assert.equal(await docker('image', 'inspect', '--format', '{{.Id}}', `${registry}/made:1`), id)
  assert.equal(await docker('run', '--rm', '--network', 'host', `${registry}/made:1`), 'two')

  const digest = (await box.ok(['push', `${registry}/made:1`])).split('@')[1] as string
  await docker('rmi', `${registry}/made:1`)
  assert.match(await docker('pull', `${registry}/made:1`), new RegExp(digest))
  assert.equal(await docker('image', 'inspect', '--format', '{{.Id}}', `${registry}/made:1`), id)

  await docker('tag', `${registry}/made:1`, `${registry}/from-docker:2`)
  assert.match(await docker('push', `${registry}/from-docker:2`), /digest: sha256:/)
  const other = join(box.path, 'other')
  await box.ok(['--root', other, 'pull', `${registry}/from-docker:2`])
  assert.equal(await box.ok(['--root', other, 'images', '-q', '--no-trunc']), id)
  assert.equal(await box.ok(['--root', other, 'run', '--rm', `${registry}/from-docker:2`]), 'two')

  const theirs = join(box.path, 'theirs.tar')
  await docker('save', '-o', theirs, `${registry}/from-docker:2`)
  const third = join(box.path, 'third')
  assert.equal(await box.ok(['--root', third, 'load', '-i', theirs]), `Loaded image: ${registry}/from-docker:2`)
  assert.equal(await box.ok(['--root', third, 'images', '-q', '--no-trunc']), id)
})
