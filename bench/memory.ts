import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sample } from './measure.ts'

const LAMINA = join(import.meta.dirname, '../bin/lamina')
const GIGABYTES = 2

/** Peak memory while a 2 GB layer is imported, pushed, served, pulled, saved and loaded. */
export async function run(): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'lamina-bench-'))
  const rows: string[] = []
  const registryRoot = join(work, 'registry')
  const registry = spawn(LAMINA, ['--root', registryRoot, 'serve', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [text] = (await once(registry.stdout, 'data')) as [Buffer]
    const address = /http:\/\/(\S+)/.exec(text.toString())?.[1]
    const tar = join(work, 'big.tar')
    execFileSync('sh', [
      '-c',
      `mkdir ${work}/tree && for i in $(seq ${GIGABYTES * 4}); do head -c 250000000 /dev/urandom > ${work}/tree/$i; done; tar -C ${work}/tree --owner=0 --group=0 -cf ${tar} . && rm -r ${work}/tree`,
    ])
    const name = `${address}/big:1`
    const store = ['--root', join(work, 'store')]
    const other = ['--root', join(work, 'other')]
    for (const [verb, ...args] of [
      ['import', ...store, tar, name],
      ['push', ...store, name],
      ['pull', ...other, name],
      ['save', ...store, '-o', join(work, 'saved.tar'), name],
      ['load', '--root', join(work, 'third'), '-i', join(work, 'saved.tar')],
    ]) {
      const { wall, rss } = await sample({ name: verb as string, command: [LAMINA, verb as string, ...args] })
      rows.push(`| ${verb} | ${(wall / 1000).toFixed(1)} | ${(rss / 1e6).toFixed(0)} |`)
    }
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${registry.pid}/status`, 'utf8'))?.[1]
    rows.push(`| serve (push and pull of it) | | ${((Number(peak) * 1024) / 1e6).toFixed(0)} |`)
    return `### Memory with a ${GIGABYTES} GB layer\n\nGoal: RSS below 200 MB\n\n| | wall s | peak RSS MB |\n|-|-|-|\n${rows.join('\n')}\n`
  } finally {
    registry.kill('SIGTERM')
    rmSync(work, { recursive: true, force: true })
  }
}
