import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { busyboxTar } from '../test/support/machine.ts'
import { privateDocker } from './_docker.ts'
import { compare, table } from './measure.ts'

const LAMINA = join(import.meta.dirname, '../bin/lamina')

/** A warm rebuild with nothing to do: 20 steps, a context of 2,000 files. */
export async function run(): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'lamina-bench-'))
  try {
    const context = join(work, 'context')
    for (let i = 0; i < 2000; i++) {
      const directory = join(context, `src/${i % 20}`)
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, `file-${i}.txt`), `file ${i}\n`.repeat(50))
    }
    const steps = Array.from({ length: 17 }, (_, i) => `RUN echo ${i} > /step-${i}`)
    writeFileSync(join(context, 'Dockerfile'), ['FROM busybox:bench', 'COPY . /app', 'WORKDIR /app', ...steps].join('\n'))
    const tar = await busyboxTar()
    const root = join(work, 'store')
    execFileSync(LAMINA, ['--root', root, 'import', tar, 'busybox:bench'])
    const contenders = [{ name: 'lamina', command: [LAMINA, '--root', root, 'build', '-q', '-t', 'bench', context] }]
    await using docker = await privateDocker(join(work, 'docker'))
    if (docker !== undefined) {
      execFileSync(docker.client[0] as string, [...docker.client.slice(1), 'import', tar, 'busybox:bench'])
      contenders.push({
        name: 'docker with BuildKit',
        command: ['env', 'DOCKER_BUILDKIT=1', ...docker.client, 'build', '-q', '--network', 'host', '-t', 'bench', context],
      })
    }
    return table('Warm rebuild with nothing to do: 20 steps, 2,000 files', '≤ 0.6× BuildKit', await compare(7, contenders))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
