import { readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '../kit/mod.ts'

export interface Filesystem {
  readonly type: string
  readonly mountPoint: string
  readonly isNetwork: boolean
  /** An overlay's upper directory cannot be on another overlay, nor on a network filesystem. */
  readonly canBeOverlayUpper: boolean
}

const NETWORK = new Set([
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  'smbfs',
  'afs',
  'ceph',
  'glusterfs',
  'fuse.glusterfs',
  'fuse.sshfs',
  '9p',
  'lustre',
])
const NO_UPPER = new Set(['overlay', 'aufs', 'ecryptfs', 'vfat', 'exfat', 'ntfs', 'ntfs3', 'squashfs', 'iso9660'])

/** The filesystem that holds `path`, or what exists of its parents; undefined where /proc does not tell. */
export function filesystemOf(path: string): Filesystem | undefined {
  const real = existingParent(path)
  let best: { type: string; mountPoint: string } | undefined
  for (const line of mountTable()) {
    const [before = '', after = ''] = line.split(' - ')
    const mountPoint = (before.split(' ')[4] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    )
    const inside = real === mountPoint || real.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`)
    // Later mounts hide earlier ones at the same place.
    if (inside && mountPoint.length >= (best?.mountPoint.length ?? 0)) best = { type: after.split(' ')[0] ?? '', mountPoint }
  }
  if (best === undefined) return undefined
  const isNetwork = NETWORK.has(best.type)
  return { ...best, isNetwork, canBeOverlayUpper: !isNetwork && !NO_UPPER.has(best.type) }
}

function mountTable(): readonly string[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

function existingParent(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || path === '/') throw error
    return existingParent(dirname(path))
  }
}
