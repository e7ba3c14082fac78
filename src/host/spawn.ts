import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export interface ProgramResult {
  /** Exit code, or undefined when a signal ended it. */
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
  /** The last 64 KiB, when collected. */
  readonly stdout: string
  readonly stderr: string
}

export type OutputHandler = (bytes: Uint8Array) => void | Promise<void>

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: 'inherit' | 'ignore'
  readonly stdout?: 'collect' | 'inherit' | OutputHandler
  readonly stderr?: 'collect' | 'inherit' | OutputHandler
  /** Aborting kills it with SIGKILL. */
  readonly signal?: AbortSignal | undefined
  readonly onStart?: (pid: number) => void
}

const KEPT = 65_536

/** Runs a program to its end; only failing to start it is an error. An output handler is awaited: it is the back-pressure. */
export async function runProgram(file: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  options.signal?.throwIfAborted()
  const { stdin = 'ignore', stdout = 'collect', stderr = 'collect' } = options
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? {},
    stdio: [stdin, stdout === 'inherit' ? 'inherit' : 'pipe', stderr === 'inherit' ? 'inherit' : 'pipe'],
  })
  const abort = (): void => void child.kill('SIGKILL')
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal }))
    })
    if (child.pid !== undefined) options.onStart?.(child.pid)
    const outputs = Promise.all([consume(child.stdout, stdout), consume(child.stderr, stderr)])
    const [{ code, signal }, [out, err]] = await Promise.all([ended, outputs])
    return { code: code ?? undefined, signal: signal ?? undefined, stdout: out, stderr: err }
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
}

async function consume(stream: NodeJS.ReadableStream | null, handler: 'collect' | 'inherit' | OutputHandler): Promise<string> {
  if (stream === null || handler === 'inherit') return ''
  let kept = Buffer.alloc(0)
  for await (const piece of stream as AsyncIterable<Buffer>) {
    if (handler === 'collect') kept = Buffer.concat([kept, piece]).subarray(-KEPT)
    else await handler(piece)
  }
  return kept.toString('utf8')
}

/** The program's path: looked up in `path` (as PATH), then where administrators' programs are. */
export function findProgram(name: string, path: string): string | undefined {
  for (const directory of [...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']) {
    if (directory === '') continue
    const candidate = join(directory, name)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // not here
    }
  }
  return undefined
}
