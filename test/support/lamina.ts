import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const BIN = join(import.meta.dirname, '../../bin/lamina')

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** Milliseconds; the program is killed and the test fails after it. */
  readonly timeout?: number
}

/** Runs any program to its end. */
export async function execute(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(file, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: 'pipe' })
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 120_000)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (exitCode, signal) => resolve(exitCode ?? (signal === null ? -1 : 1000)))
    })
    return { code, stdout, stderr }
  } finally {
    clearTimeout(timer)
  }
}

/** A directory of its own for one test, with a `lamina` on a store in it. */
export interface Sandbox {
  readonly path: string
  readonly root: string
  run(args: readonly string[], options?: RunOptions): Promise<Finished>
  /** As run, and throws with everything printed unless it exits with 0; gives stdout without its last newline. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>
  start(args: readonly string[], options?: RunOptions): ChildProcess
  /** Runs when the test ends, the last one first, before the directory is removed. */
  defer(task: () => unknown): void
  /** `lamina serve` on a free port, ended with the test; gives HOST:PORT. */
  serve(root?: string): Promise<string>
}

export async function sandbox(t: TestContext): Promise<Sandbox> {
  const path = await mkdtemp(join(tmpdir(), 'lamina-test-'))
  const root = join(path, 'store')
  const env = { LAMINA_ROOT: root, NO_COLOR: '1', DOCKER_CONFIG: join(path, 'docker-config') }
  const deferred: (() => unknown)[] = []
  t.after(async () => {
    for (const task of deferred.toReversed()) await task()
    await rm(path, { recursive: true, force: true, maxRetries: 5 })
  })
  const self: Sandbox = {
    path,
    root,
    run: (args, options) => execute(BIN, args, { ...options, env: { ...env, ...options?.env } }),
    async ok(args, options) {
      const { code, stdout, stderr } = await self.run(args, options)
      if (code !== 0) throw new Error(`lamina ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
      return stdout.replace(/\n$/, '')
    },
    start: (args, options) => spawn(BIN, args, { cwd: options?.cwd, env: { ...process.env, ...env, ...options?.env }, stdio: 'pipe' }),
    defer: (task) => void deferred.push(task),
    async serve(at = root) {
      const child = self.start(['--root', at, 'serve', '--listen', '127.0.0.1:0'])
      deferred.push(async () => {
        if (child.exitCode === null && child.kill('SIGTERM')) await new Promise((resolve) => child.on('close', resolve))
      })
      let said = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
      return new Promise((resolve, reject) => {
        child.stdout?.setEncoding('utf8').on('data', (text: string) => {
          said += text
          const address = /http:\/\/([\w.:[\]]+)/.exec(said)?.[1]
          if (address !== undefined) resolve(address)
        })
        child.on('close', (code) => reject(new Error(`serve ended with ${code}\n${said}`)))
      })
    },
  }
  return self
}
