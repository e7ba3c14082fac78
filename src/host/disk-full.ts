import { codeOf, formatBytes } from '../kit/mod.ts'
import { freeSpace } from './files.ts'
import { filesystemOf } from './filesystem.ts'
import { HostError } from './host-error.ts'

/** A full disk as an error that names the filesystem and what is wanted and free; any other error unchanged. */
export function explainDiskFull(error: unknown, path: string, wanted?: number): unknown {
  const code = codeOf(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  const where = filesystemOf(path)?.mountPoint ?? path
  const need = wanted === undefined ? '' : `, ${formatBytes(wanted)} wanted`
  const free = code === 'EDQUOT' ? 'the quota is used up' : `${formatBytes(freeSpace(path))} free`
  return new HostError('DISK_FULL', `No space left on ${where} (${free}${need}) for ${path}`, {
    cause: error,
    hint: "'lamina gc --dry-run' says what can be freed; then run the same command again, it goes on where it stopped",
  })
}
