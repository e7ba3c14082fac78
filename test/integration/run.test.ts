import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sandbox, type Sandbox } from '../support/lamina.ts'
import { busyboxTar, needs } from '../support/machine.ts'

test('run: exit codes, environment, user, directory', async (t) => {
  if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
  const box = await sandbox(t)
  await box.ok(['import', '-c', 'CMD ["echo", "from cmd"]', '-c', 'ENV A=image', '-c', 'WORKDIR /tmp', await busyboxTar(), 'bb'])
  for (const { args, code = 0, out } of [
    { args: ['bb'], out: 'from cmd\n' },
    { args: ['bb', 'sh', '-c', 'exit 3'], code: 3, out: '' },
    { args: ['bb', 'sh', '-c', 'echo $A; pwd'], out: 'image\n/tmp\n' },
    { args: ['-e', 'A=flag', '-w', '/etc', 'bb', 'sh', '-c', 'echo $A; pwd'], out: 'flag\n/etc\n' },
    { args: ['-u', 'bob', 'bb', 'sh', '-c', 'id -u; id -g; id -G; echo $HOME'], out: '1000\n1000\n1000 50\n/home/bob\n' },
    { args: ['-u', '7:8', 'bb', 'sh', '-c', 'id -u; id -g'], out: '7\n8\n' },
    { args: ['--entrypoint', 'echo', 'bb'], out: '\n' },
    { args: ['--entrypoint', 'echo', 'bb', '-n', 'x'], out: 'x' },
    { args: ['--hostname', 'box', 'bb', 'hostname'], out: 'box\n' },
    { args: ['--network', 'none', 'bb', 'sh', '-c', 'ls /sys/class/net'], out: 'lo\n' },
    { args: ['bb', 'no-such-program'], code: 127, out: '' },
    { args: ['bb', '/etc/passwd'], code: 126, out: '' },
    { args: ['bb', 'sh', '-c', 'kill -9 $$; sh -c "kill -9 \\$\\$"; echo survived'], out: 'survived\n' },
    { args: ['-u', 'nobody-here', 'bb', 'true'], code: 125, out: '' },
    { args: ['--pull', 'never', 'absent', 'true'], code: 125, out: '' },
    { args: ['--nope', 'bb'], code: 125, out: '' },
    { args: ['-t', 'bb', 'true'], code: 125, out: '' },
  ]) {
    const result = await box.run(['run', '--rm', ...args])
    assert.equal(result.code, code, `${args.join(' ')}\n${result.stderr}`)
    assert.equal(result.stdout, out, args.join(' '))
  }
  assert.equal(await box.ok(['run', '--rm', '-i', 'bb', 'cat'], { input: 'piped' }), 'piped')
  assert.deepEqual(leftovers(box), [])
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`run: ${signal} leaves nothing behind`, async (t) => {
    if (!needs(t, { root: true, programs: ['busybox', 'runc'] })) return
    const box = await sandbox(t)
    await box.ok(['import', await busyboxTar(), 'bb'])
    const container = box.start([
      'run',
      '--rm',
      'bb',
      'sh',
      '-c',
      'trap "echo stopped; exit 5" TERM; echo ready; while :; do sleep 0.1; done',
    ])
    let said = ''
    container.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
    while (!said.includes('ready')) await once(container.stdout as NodeJS.ReadableStream, 'data')
    container.kill(signal)
    const [code] = (await once(container, 'close')) as [number | null]
    if (signal === 'SIGTERM') {
      assert.equal(code, 5)
      assert.match(said, /stopped/)
    }
    for (let i = 0; i < 50 && leftovers(box).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(leftovers(box), [])
    await box.ok(['gc'])
    assert.match(await box.ok(['verify']), /no damage/)
  })
}

/** Mounts of this sandbox that the whole machine sees, and processes that name it. */
function leftovers(box: Sandbox): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(box.path))
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes(box.path))
  return [...mounts, ...processes]
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended meanwhile
  }
}
