import { effectiveCapabilities, type Capability } from '../host/mod.ts'
import type { ContainerOptions } from './container.ts'
import { SECCOMP } from './seccomp.ts'

/** Docker's default set. */
const DEFAULT_CAPABILITIES: readonly Capability[] = [
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
] // prettier-ignore

const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** The runtime's config.json (runtime-spec 1.0). Only capabilities that we hold are asked for; limits stay as they are here. */
export function runtimeSpec(container: ContainerOptions, cgroup: string): object {
  const { user, network } = container
  const held = effectiveCapabilities()
  const capabilities = DEFAULT_CAPABILITIES.filter((name) => held.has(name)).map((name) => `CAP_${name}`)
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: container.terminal,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, umask: 0o022 },
      args: container.args,
      env: container.env,
      cwd: container.cwd,
      // A user other than root gets none of them by itself; the bounding set is what it could ever get.
      capabilities: { bounding: capabilities, ...(user.uid === 0 ? { effective: capabilities, permitted: capabilities } : {}) },
      noNewPrivileges: false,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: container.hostname,
    mounts: [...SYSTEM_MOUNTS, ...container.mounts.map(bindMount)],
    linux: {
      cgroupsPath: cgroup,
      namespaces: ['pid', 'ipc', 'uts', 'mount', ...(network === 'none' ? ['network'] : [])].map((type) => ({ type })),
      resources: { devices: DEVICES },
      maskedPaths: MASKED,
      readonlyPaths: READ_ONLY,
      seccomp: SECCOMP,
    },
  }
}

const SYSTEM_MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
]

/** Docker's rules: no device but null, zero, full, tty, random, urandom, console, ptmx and pts; mknod of any. */
const DEVICES = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [5, 0],
    [1, 8],
    [1, 9],
    [5, 1],
    [5, 2],
  ].map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
]

function bindMount({ source, target, readOnly }: ContainerOptions['mounts'][number]): object {
  return { destination: target, type: 'bind', source, options: ['rbind', 'rprivate', ...(readOnly ? ['ro'] : [])] }
}
