import { readTar, TarError, cleanEntryPath } from '../../archive/mod.ts'
import { decompress, fileStream, sniffCompression, writeFileFrom } from '../../stream/mod.ts'
import { BuildError } from '../build-error.ts'
import type { SourceNode } from './source-tree.ts'
import type { Owner, UpperWriter } from './upper-writer.ts'

/** ADD of a local archive, told by its content whatever its name: tar, plain or gzip or zstd. False for any other file. */
export async function unpackArchive(
  writer: UpperWriter,
  node: SourceNode,
  options: { readonly destination: string; readonly owner: Owner | undefined; readonly signal: AbortSignal },
): Promise<boolean> {
  const head = await firstBytes(node.hostPath)
  if (
    head.length >= 6 &&
    (head.subarray(0, 3).equals(Buffer.from('BZh')) || head.subarray(0, 6).equals(Buffer.from('\xfd7zXZ\0', 'latin1')))
  ) {
    throw new BuildError('UNSUPPORTED', `ADD ${node.path}: archives in bzip2 and xz cannot be unpacked yet`, {
      hint: 'Pack it with gzip or zstd, or COPY it and unpack it in a RUN',
    })
  }
  if (sniffCompression(head) === 'none' && head.subarray(257, 262).toString('latin1') !== 'ustar') return false
  let entries = 0
  try {
    for await (const { entry, body } of readTar(decompress(fileStream(node.hostPath, { signal: options.signal })))) {
      entries++
      const components = cleanEntryPath(entry.path)
      const path = `${options.destination.replace(/\/$/, '')}/${components.join('/')}`
      const attributes = { ...(options.owner ?? entry), mode: entry.mode, mtimeNs: entry.mtimeNs, xattrs: entry.xattrs }
      if (entry.type === 'directory') writer.directory(path, attributes)
      else if (components.length === 0) continue
      else if (entry.type === 'symlink') writer.symlink(path, entry.linkPath, attributes)
      else if (entry.type === 'hardlink')
        writer.hardLink(`${options.destination.replace(/\/$/, '')}/${cleanEntryPath(entry.linkPath).join('/')}`, path)
      else if (entry.type === 'file') {
        const host = writer.openFile(path)
        await writeFileFrom(host, body)
        writer.finishFile(host, attributes)
      }
    }
  } catch (error) {
    // A gzip of something else than a tar is an ordinary file.
    if (entries === 0 && error instanceof TarError) return false
    throw error
  }
  return entries > 0
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const piece of fileStream(path, { end: 512 })) return Buffer.from(piece)
  return Buffer.alloc(0)
}
