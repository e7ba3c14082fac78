import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Durable and never seen half-written: temporary file, fsync, rename, fsync of the directory. */
export function atomicWrite(path: string, bytes: Uint8Array | string, options: { readonly mode?: number } = {}): void {
  const temporary = `${path}.${randomName()}`
  try {
    const fd = openSync(temporary, 'wx', options.mode ?? 0o644)
    try {
      const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      for (let at = 0; at < data.length;) at += writeSync(fd, data, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(dirname(path))
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export function randomName(): string {
  return randomBytes(8).toString('hex')
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/** A new directory below `parent`, removed on dispose. */
export async function temporaryDirectory(parent: string, prefix: string): Promise<TemporaryDirectory> {
  const path = join(parent, `${prefix}${randomName()}`)
  await mkdir(path, { recursive: true })
  return { path, [Symbol.asyncDispose]: () => removeTree(path) }
}

/** Removes a tree whatever is in it, never following a symlink; nothing there is no error. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 })
}

/** Bytes that a user of the filesystem may still write. */
export function freeSpace(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Bytes on disk of everything below `path`; a hard link counts once. */
export function diskUsage(path: string): number {
  const seen = new Set<number>()
  const walk = (at: Buffer): number => {
    const stat = lstatSync(at)
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (seen.has(stat.ino)) return 0
      seen.add(stat.ino)
    }
    let total = stat.blocks * 512
    if (stat.isDirectory())
      for (const name of readdirSync(at, { encoding: 'buffer' })) total += walk(Buffer.concat([at, Buffer.from('/'), name]))
    return total
  }
  return walk(Buffer.from(path))
}
