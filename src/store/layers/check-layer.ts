import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readSync } from 'node:fs'
import { cleanEntryPath, encodePath, fsPath, parseWhiteout, type TarEntry } from '../../archive/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { typeOf } from './layer-view.ts'
import { payloadFiles, type UnpackedLayer } from './rebuild.ts'
import { tocEntries, type PayloadRecord } from './toc.ts'

const SECOND = 1_000_000_000n

/** What is wrong with an unpacked layer, compared with its toc: the first difference, or undefined. Reads every file. */
export function layerProblem(layer: UnpackedLayer): string | undefined {
  try {
    return problemOf(layer)
  } catch (error) {
    if (codeOf(error)?.startsWith('E') === true || codeOf(error) === 'LAYER_DAMAGED') return (error as Error).message
    throw error
  }
}

function problemOf(layer: UnpackedLayer): string | undefined {
  const fileOf = payloadFiles(layer)
  const last = new Map<string, TarEntry>()
  for (const { entry, payload } of tocEntries(layer.toc)) {
    if (payload !== undefined) {
      const problem = payloadProblem(fileOf(payload), payload)
      if (problem !== undefined) return `${payload.path} ${problem}`
    }
    const path = cleanEntryPath(entry.path).join('/')
    // What a later entry has replaced is not there any more, nor what was in it.
    if (entry.type !== 'directory')
      for (const other of last.has(path) && last.get(path)?.type === 'directory' ? [...last.keys()] : [])
        if (other.startsWith(`${path}/`)) last.delete(other)
    last.set(path, entry)
  }
  for (const [path, entry] of last) {
    const problem = entryProblem(layer, path, entry)
    if (problem !== undefined) return `${path} ${problem}`
  }
  return undefined
}

function entryProblem({ directory }: UnpackedLayer, path: string, entry: TarEntry): string | undefined {
  if (parseWhiteout(path.slice(path.lastIndexOf('/') + 1)) !== undefined || entry.type === 'hardlink' || path === '') return undefined
  if (entry.type === 'character' && entry.devMajor === 0 && entry.devMinor === 0) return undefined
  const stat = lstatSync(
    typeof fsPath(path) === 'string' ? `${directory}/${path}` : Buffer.concat([Buffer.from(`${directory}/`), encodePath(path)]),
    { bigint: true },
  )
  const type = typeOf(stat)
  if (type !== entry.type) return `is a ${type ?? 'socket'}, not a ${entry.type}`
  if (stat.uid !== BigInt(entry.uid) || stat.gid !== BigInt(entry.gid))
    return `belongs to ${stat.uid}:${stat.gid}, not to ${entry.uid}:${entry.gid}`
  if (type !== 'symlink' && (Number(stat.mode) & 0o7777) !== entry.mode)
    return `has the mode ${(Number(stat.mode) & 0o7777).toString(8)}, not ${entry.mode.toString(8)}`
  // Hard links of one tar may have different times; the last one wins.
  if (stat.nlink === 1n && type !== 'directory' && stat.mtimeNs / SECOND !== entry.mtimeNs / SECOND) return 'has another modification time'
  return undefined
}

const buffer = Buffer.allocUnsafeSlow(1 << 20)

function payloadProblem(file: string | Buffer, record: PayloadRecord): string | undefined {
  const hash = createHash('sha256')
  const fd = openSync(file, 'r')
  try {
    for (const { offset, length } of record.segments ?? [{ offset: 0, length: record.size }]) {
      for (let at = 0; at < length;) {
        const read = readSync(fd, buffer, 0, Math.min(buffer.length, length - at), offset + at)
        if (read === 0) return 'is too short'
        hash.update(buffer.subarray(0, read))
        at += read
      }
    }
  } finally {
    closeSync(fd)
  }
  return hash.digest().equals(record.sha256) ? undefined : 'has other content'
}
