import { lstatSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf } from '../kit/mod.ts'
import type { View } from '../store/mod.ts'

/** Where the runtime mounts something, and so makes what is missing. */
const SYSTEM_TARGETS = ['/proc', '/dev', '/sys']

/** Mount points that the image lacks, deepest first: the runtime makes them in the upper directory, where they must not stay. */
export function missingMountPoints(view: View, targets: readonly string[]): readonly string[] {
  const missing = new Set<string>()
  for (const target of [...SYSTEM_TARGETS, ...targets]) {
    for (let path = target; path !== '/' && view.lookup(path) === undefined; path = dirname(path)) missing.add(path)
  }
  return [...missing].toSorted((a, b) => b.length - a.length)
}

/** Removes them again where they are still empty; what the command has put there stays. */
export function removeStubs(upper: string, missing: readonly string[]): void {
  for (const path of missing) {
    const host = join(upper, path)
    try {
      const stat = lstatSync(host)
      if (stat.isDirectory()) rmdirSync(host)
      else if (stat.isFile() && stat.size === 0) unlinkSync(host)
    } catch (error) {
      const code = codeOf(error)
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'ENOTDIR') throw error
    }
  }
}
