import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianTar } from '../test/support/machine.ts'
import { privateDocker } from './_docker.ts'
import { compare, table } from './measure.ts'

const LAMINA = join(import.meta.dirname, '../bin/lamina')

/** Push of a Debian layer (about 120 MB) to a registry on loopback, pull of it with unpacking; the same registry for both. */
export async function run(): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'lamina-bench-'))
  const root = join(work, 'store')
  let registry: ChildProcess | undefined
  try {
    const tar = await debianTar()
    execFileSync(LAMINA, ['--root', root, 'import', tar, 'debian:bench'])
    let address: string
    ;[registry, address] = await serve(join(work, 'registry'))
    await using docker = await privateDocker(join(work, 'docker'))
    if (docker !== undefined) execFileSync(docker.client[0] as string, [...docker.client.slice(1), 'import', tar, 'debian:bench'])

    // Each push has a store and a name that have never sent this layer, as docker compresses at every push.
    const fresh = join(work, 'fresh')
    const pushes = [
      {
        name: 'lamina push',
        prepare: () => {
          rmSync(fresh, { recursive: true, force: true })
          execFileSync(LAMINA, ['--root', fresh, 'import', tar, `${address}/lamina/push:1`])
        },
        command: [LAMINA, '--root', fresh, 'push', `${address}/lamina/push:1`],
      },
    ]
    if (docker !== undefined) {
      pushes.push({
        name: 'docker push',
        prepare: () => {
          const client = docker.client.slice(1)
          execFileSync(docker.client[0] as string, [...client, 'tag', 'debian:bench', `${address}/docker/push:1`])
        },
        command: [...docker.client, 'push', '-q', `${address}/docker/push:1`],
      })
    }
    const results: string[] = []
    const restart = async (): Promise<void> => {
      registry?.kill('SIGTERM')
      if (registry !== undefined) await once(registry, 'close')
      rmSync(join(work, 'registry'), { recursive: true, force: true })
      ;[registry] = await serve(join(work, 'registry'), address)
    }
    const withEmptyRegistry = pushes.map((contender) => ({ ...contender, prepare: async () => (contender.prepare(), restart()) }))
    results.push(table('Push of a 120 MB Debian layer, gzip level 6', '≤ 0.7× docker', await compare(3, withEmptyRegistry)))

    const ours = execFileSync(LAMINA, ['--root', fresh, 'inspect', `${address}/lamina/push:1`], { encoding: 'utf8' })
    const [
      {
        Layers: [layer],
      },
    ] = JSON.parse(ours) as [{ Layers: { size: number }[] }]
    const gzip = execFileSync('sh', ['-c', `gzip -6 -n < ${tar} | wc -c`], { encoding: 'utf8' })
    results.push(
      `Compressed size: ${layer?.size} bytes of ${statSync(tar).size}; \`gzip -6\` ${gzip.trim()}; ratio ${((layer?.size ?? 0) / Number(gzip)).toFixed(3)} (goal ≤ 1.03)\n`,
    )

    execFileSync(LAMINA, ['--root', fresh, 'push', `${address}/lamina/push:1`])
    const pulled = join(work, 'pulled')
    const pulls = [
      {
        name: 'lamina pull',
        prepare: () => rmSync(pulled, { recursive: true, force: true }),
        command: [LAMINA, '--root', pulled, 'pull', `${address}/lamina/push:1`],
      },
    ]
    if (docker !== undefined) {
      const client = docker.client.slice(1)
      pulls.push({
        name: 'docker pull',
        prepare: () =>
          void execFileSync('sh', [
            '-c',
            `${docker.client[0]} ${client.join(' ')} images -q | sort -u | xargs -r ${docker.client[0]} ${client.join(' ')} rmi -f >/dev/null`,
          ]),
        command: [...docker.client, 'pull', '-q', `${address}/lamina/push:1`],
      })
    }
    results.push(table('Pull of the same, with unpacking', '≤ 1.0× docker', await compare(3, pulls)))
    return results.join('\n')
  } finally {
    registry?.kill('SIGTERM')
    rmSync(work, { recursive: true, force: true })
  }
}

async function serve(root: string, listen = '127.0.0.1:0'): Promise<[ChildProcess, string]> {
  const child = spawn(LAMINA, ['--root', root, 'serve', '--listen', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = (await once(child.stdout, 'data')) as [Buffer]
  const address = /http:\/\/(\S+)/.exec(text.toString())?.[1]
  if (address === undefined) throw new Error(`serve said: ${text.toString()}`)
  return [child, address]
}
