import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { diskUsage, randomName, removeTree, tryLock } from '../../host/mod.ts'
import { applyAttributes, copyXattrs } from './attributes.ts'
import type { Staging } from './layers.ts'
import type { View } from './view.ts'

const LOCK = 'lock'

/** A new staging directory; its lock tells gc that we live. With a view, the upper's root gets the attributes of the view's root. */
export function createStaging(directory: string, below?: View): Staging {
  const path = join(directory, randomName())
  mkdirSync(path, { mode: 0o700 })
  const lock = tryLock(join(path, LOCK))
  const [upper, work, scratch] = ['upper', 'work', 'scratch'].map((name) => join(path, name)) as [string, string, string]
  for (const part of [work, scratch]) mkdirSync(part, { mode: 0o755 })
  if (below !== undefined) {
    mkdirSync(upper, { mode: 0o755 })
    const root = below.lookup('/')
    if (root !== undefined && root.hostPath !== '') {
      copyXattrs(root.hostPath, upper)
      applyAttributes(upper, root)
    }
  }
  return {
    upper,
    work,
    scratch,
    async [Symbol.asyncDispose]() {
      await removeTree(path)
      lock?.release()
    },
  }
}

/** Staging directories whose process is gone. */
export async function sweepStaging(
  directory: string,
  options: { readonly dryRun: boolean },
  onItem: (id: string, bytes: number) => void,
): Promise<void> {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    let lock
    try {
      lock = tryLock(join(path, LOCK))
    } catch {
      continue // it goes just now
    }
    if (lock === undefined) continue
    using held = lock
    void held
    onItem(name, diskUsage(path))
    if (!options.dryRun) await removeTree(path)
  }
}
