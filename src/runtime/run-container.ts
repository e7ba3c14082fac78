import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseRuntime, inPrivateNamespace, runProgram } from '../host/mod.ts'
import { cgroupName, sweepCgroups } from './cgroups.ts'
import type { ContainerExit, ContainerOptions } from './container.ts'
import { RuntimeError } from './runtime-error.ts'
import { runtimeSpec } from './spec.ts'

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const
const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Joins the layers by overlayfs and runs one command in them, to its end. Everything lives in namespaces that end with us: a SIGKILL of this process
 * leaves no process and no mount.
 * @throws RuntimeError RUNTIME_MISSING, RUNTIME_FAILED (the command was not started), PRIVILEGE_MISSING
 */
export async function runContainer(container: ContainerOptions): Promise<ContainerExit> {
  if (process.getuid?.() !== 0) {
    throw new RuntimeError('PRIVILEGE_MISSING', 'Running a container needs root for now (mounts and namespaces)', {
      hint: 'Run the command as root',
    })
  }
  const runtime = chooseRuntime(TOOL_PATH)
  if (runtime === undefined) {
    throw new RuntimeError('RUNTIME_MISSING', 'No OCI runtime that works here was found', {
      hint: "Install runc (apt-get install runc); 'lamina info' says what was looked at",
    })
  }
  const { bundle, lowerdirs } = container
  const cgroup = cgroupName()
  const empty = join(bundle, 'empty')
  for (const directory of ['rootfs', 'state', 'empty']) mkdirSync(join(bundle, directory), { recursive: true })
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeSpec(container, cgroup)))
  const log = join(bundle, 'runtime.log')
  const command = [
    runtime,
    '--root',
    join(bundle, 'state'),
    '--log',
    log,
    '--log-format',
    'json',
    'run',
    '--bundle',
    bundle,
    cgroup.slice(1),
  ]
  const [file, ...args] = inPrivateNamespace(
    {
      cwd: join(container.root, 'l'),
      lower: lowerdirs.length === 0 ? [empty] : lowerdirs,
      upper: container.upper,
      work: container.work,
      target: join(bundle, 'rootfs'),
      volatile: container.forCommit,
    },
    command,
  )
  sweepCgroups()
  let said = ''
  const { output } = container
  const toHandler = (fd: 1 | 2) =>
    output === 'inherit'
      ? ('inherit' as const)
      : async (bytes: Uint8Array): Promise<void> => {
          if (fd === 2) said = (said + Buffer.from(bytes).toString('utf8')).slice(-4000)
          await output(fd, bytes)
        }
  using forwarding = container.forwardSignals ? forwardSignals() : undefined
  try {
    const { code, signal } = await runProgram(file, args, {
      env: { PATH: TOOL_PATH },
      stdin: container.stdin,
      stdout: toHandler(1),
      stderr: toHandler(2),
      signal: container.signal,
      onStart: (pid) => forwarding?.start(pid),
    })
    container.signal?.throwIfAborted()
    const failure = runtimeFailure(log)
    if (failure !== undefined && code !== undefined && code > 0)
      throw new RuntimeError('RUNTIME_FAILED', `The runtime could not start the container: ${failure}`)
    if (code === undefined) throw new RuntimeError('RUNTIME_FAILED', `The container was ended from outside (${signal ?? 'unknown'})`)
    // Before the runtime has a log, the mount or the tools before it failed.
    if (code !== 0 && failure === undefined && /^(mount|unshare|setpriv|sh): /m.test(said) && !ranOnce(bundle)) {
      throw new RuntimeError('RUNTIME_FAILED', `The layers could not be joined: ${said.trim()}`)
    }
    return { code }
  } finally {
    sweepCgroups(cgroup)
  }
}

/** The runtime logs errors only when it could not do its work; a command's own exit code is none. */
function runtimeFailure(log: string): string | undefined {
  for (const line of readText(log).split('\n')) {
    if (line === '') continue
    try {
      const { level, msg } = JSON.parse(line) as { level?: string; msg?: string }
      if (level === 'error') return msg
    } catch {
      return line
    }
  }
  return undefined
}

function ranOnce(bundle: string): boolean {
  return readText(join(bundle, 'runtime.log')) !== ''
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Signals that this process gets go to the runtime, which passes them to the container's first process. */
function forwardSignals(): Disposable & { start(pid: number): void } {
  let outer: number | undefined
  const forward = (signal: NodeJS.Signals): void => {
    const runtime = outer === undefined ? undefined : childOf(outer)
    if (runtime !== undefined) process.kill(runtime, signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  return {
    start: (pid) => (outer = pid),
    [Symbol.dispose]() {
      for (const signal of FORWARDED) process.off(signal, forward)
    },
  }
}

/** The chain's first process waits for its only child, which becomes the runtime. */
function childOf(pid: number): number | undefined {
  const child = readText(`/proc/${pid}/task/${pid}/children`).trim().split(' ')[0]
  return child === undefined || child === '' ? undefined : Number(child)
}
