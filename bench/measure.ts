import { spawn } from 'node:child_process'

export interface Sample {
  /** Milliseconds. */
  readonly wall: number
  /** User and system time of the process and its children, milliseconds. */
  readonly cpu: number
  /** Largest process, bytes. */
  readonly rss: number
}

export interface Contender {
  readonly name: string
  /** Called before each run; not timed. */
  readonly prepare?: () => Promise<void> | void
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a command to its end under /usr/bin/time -like accounting; throws when it fails. */
export async function sample({ command, env, name }: Contender): Promise<Sample> {
  // The wrapper times the command alone: its own start, and what a python3 that is a shim has started before, would pull short ratios towards 1.
  const script = `
import resource, subprocess, sys, time
used = lambda: (lambda u: u.ru_utime + u.ru_stime)(resource.getrusage(resource.RUSAGE_CHILDREN))
before = used()
begun = time.perf_counter()
r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
wall = time.perf_counter() - begun
if r.returncode: sys.stderr.buffer.write(r.stderr)
print(wall, used() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(r.returncode)`
  const child = spawn('python3', ['-c', script, ...command], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  if (code !== 0) throw new Error(`${name}: ${command.join(' ')} ended with ${code}`)
  const [wall = 0, cpu = 0, rss = 0] = out.trim().split(' ').map(Number)
  return { wall: wall * 1000, cpu: cpu * 1000, rss: rss * 1024 }
}

/** Interleaved rounds (A B A B …) after one round of warming up; medians of each. */
export async function compare(rounds: number, contenders: readonly Contender[]): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const contender of contenders) {
      await contender.prepare?.()
      const taken = await sample(contender)
      if (round > 0) samples.get(contender.name)?.push(taken)
    }
  }
  return new Map(
    [...samples].map(([name, all]) => [
      name,
      { wall: median(all.map((s) => s.wall)), cpu: median(all.map((s) => s.cpu)), rss: Math.max(...all.map((s) => s.rss)) },
    ]),
  )
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** A Markdown table; the ratio is ours (the first) to each. */
export function table(title: string, goal: string, results: ReadonlyMap<string, Sample>): string {
  const [ours] = results.values()
  const rows = [...results].map(
    ([name, { wall, cpu, rss }]) =>
      `| ${name} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} | ${(rss / 1e6).toFixed(0)} | ${((ours?.wall ?? 0) / wall).toFixed(2)} |`,
  )
  return `### ${title}\n\nGoal: ${goal}\n\n| | wall ms | CPU ms | RSS MB | ours / this |\n|-|-|-|-|-|\n${rows.join('\n')}\n`
}
