import { readFileSync, existsSync } from 'node:fs'
import { release } from 'node:os'
import { filesystemOf } from './filesystem.ts'
import { findProgram, runProgram } from './spawn.ts'

const CAPABILITIES = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE',
  'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN',
  'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE',
  'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
] as const // prettier-ignore

/** Names without CAP_, in the kernel's order (linux/capability.h). */
export type Capability = (typeof CAPABILITIES)[number]

/** What this process may do now; asking a runtime for more fails. */
export function effectiveCapabilities(): ReadonlySet<Capability> {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`)
  return new Set(CAPABILITIES.filter((_, bit) => (mask & (1n << BigInt(bit))) !== 0n))
}

/** How cgroups are mounted: crun refuses `hybrid`. */
export function cgroupMode(): 'v2' | 'v1' | 'hybrid' | 'none' {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2'
  if (existsSync('/sys/fs/cgroup/unified')) return 'hybrid'
  return existsSync('/sys/fs/cgroup/memory') ? 'v1' : 'none'
}

export interface MachineReport {
  readonly kernel: string
  readonly node: string
  readonly root: boolean
  readonly capabilities: readonly string[]
  readonly capabilitiesMissing: readonly string[]
  readonly cgroups: string
  readonly overlay: string
  readonly openFilesLimit: string
  readonly runtimes: readonly { readonly name: string; readonly path: string; readonly version: string; readonly usable: string }[]
  readonly tools: Readonly<Record<string, string>>
}

/** The runtimes that we know how to use, best first. */
export const RUNTIMES = ['runc', 'crun'] as const

/** Everything about the machine that decides what works here, for `lamina info`. */
export async function probeMachine({ path, directory }: { readonly path: string; readonly directory: string }): Promise<MachineReport> {
  const held = effectiveCapabilities()
  const runtimes = []
  for (const name of RUNTIMES) {
    const found = findProgram(name, path)
    if (found === undefined) continue
    const { stdout } = await runProgram(found, ['--version'])
    runtimes.push({ name, path: found, version: stdout.split('\n')[0]?.replace(/^\S+ version /, '') ?? '', usable: usability(name) })
  }
  const filesystem = filesystemOf(directory)
  const knowsOverlay = readFileSync('/proc/filesystems', 'utf8').includes('overlay')
  return {
    kernel: release(),
    node: process.versions.node,
    root: process.getuid?.() === 0,
    capabilities: [...held],
    capabilitiesMissing: CAPABILITIES.filter((name) => !held.has(name)),
    cgroups: cgroupMode(),
    overlay: !knowsOverlay
      ? 'not known to this kernel'
      : filesystem?.canBeOverlayUpper === true
        ? 'usable'
        : `not usable on ${filesystem?.type ?? 'this filesystem'}`,
    openFilesLimit: /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'unknown',
    runtimes,
    tools: Object.fromEntries(['mount', 'unshare', 'setpriv'].map((tool) => [tool, findProgram(tool, path) ?? 'missing'])),
  }
}

function usability(name: string): string {
  return name === 'crun' && cgroupMode() === 'hybrid' ? 'no: crun refuses hybrid cgroups' : 'yes'
}

/** The runtime to use, or undefined when there is none that works here. */
export function chooseRuntime(path: string): string | undefined {
  for (const name of RUNTIMES) {
    const found = findProgram(name, path)
    if (found !== undefined && usability(name) === 'yes') return found
  }
  return undefined
}
