import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { randomName } from '../host/mod.ts'
import { codeOf } from '../kit/mod.ts'

const ROOT = '/sys/fs/cgroup'
const PREFIX = 'lamina-'

/** A cgroup of this process's for one container: its name says whose it is, so that others can remove it after a kill. */
export function cgroupName(): string {
  return `/${PREFIX}${process.pid}-${randomName()}`
}

/** Removes what the runtime left of the cgroup, and cgroups of processes that are gone. A cgroup with processes in it stays. */
export function sweepCgroups(own?: string): void {
  for (const hierarchy of ['', ...directories(ROOT)]) {
    for (const name of directories(join(ROOT, hierarchy))) {
      const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
      if (pid === undefined || (`/${name}` !== own && isAlive(Number(pid)))) continue
      try {
        rmdirSync(join(ROOT, hierarchy, name))
      } catch {
        // Not empty yet, or gone already: the next run sweeps again.
      }
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}
