import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sandbox, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

const ROUNDS = 100
const SITE = join(import.meta.dirname, '../../examples/site')

test(`SIGKILL at ${ROUNDS} random moments of pulls, builds, tags and gc at once`, { timeout: 1_500_000 }, async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  const source = join(box.path, 'source')
  await box.ok(['--root', source, 'import', await busyboxTar(), 'busybox'])
  const registry = await box.serve(source)
  const remote = `${registry}/team/site:1`
  await box.ok(['--root', source, 'build', '-t', remote, SITE])
  await box.ok(['--root', source, 'push', remote])
  await box.ok(['import', await busyboxTar(), 'busybox'])

  const context = join(box.path, 'context')
  cpSync(SITE, context, { recursive: true })
  const started = { pull: 0, build: 0, tag: 0, rmi: 0, gc: 0 }
  const start = (verb: keyof typeof started, ...args: string[]): ChildProcess => {
    started[verb]++
    const child = box.start([verb, ...args])
    child.stdout?.resume()
    child.stderr?.resume()
    return child
  }

  for (let round = 0; round < ROUNDS; round++) {
    await writeFile(join(context, 'pages/round.txt'), `round ${round}\n`)
    const children = [
      start('pull', remote),
      start('build', '-t', `site:${round % 3}`, context),
      start('tag', 'busybox', `box:${round % 5}`),
      start('gc'),
    ]
    if (round % 4 === 3) children.push(start('rmi', '-f', remote))
    const ended = Promise.all(
      children.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 1200))
    for (const child of children) child.kill('SIGKILL')
    await ended

    const { code, stdout, stderr } = await box.run(['verify'])
    assert.equal(code, 0, `round ${round}: ${stdout}${stderr}`)
    if (round % 10 === 9) await checkWhole(box)
  }
  await checkWhole(box)
  await settled(box)
  await box.ok(['gc'])
  assert.deepEqual(readdirSync(join(box.root, 'containers')), [], 'no container is left')
  assert.match(await box.ok(['verify']), /no damage/)
  t.diagnostic(`started: ${JSON.stringify(started)}`)
})

/** Every name runs: it has its manifest, its config and all its layers. */
async function checkWhole(box: Sandbox): Promise<void> {
  const images = JSON.parse(await box.ok(['images', '--json'])) as { name: string | null }[]
  for (const { name } of images) {
    if (name !== null) assert.equal(await box.ok(['run', '--rm', name, 'echo', 'whole']), 'whole', name)
  }
}

/** No process and no mount of the sandbox is left, but the registry. */
async function settled(box: Sandbox): Promise<void> {
  const left = (): string[] => [
    ...readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(box.root)),
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine)
      .filter((line) => line.includes(box.root)),
  ]
  for (let i = 0; i < 100 && left().length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
  assert.deepEqual(left(), [])
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended meanwhile
  }
}
