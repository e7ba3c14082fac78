import { cleanEntryPath, readTar, TarError, type TarEntry } from '../../archive/mod.ts'
import { decompress, fileStream, sniffCompression, writeFileFrom, type ByteStream } from '../../stream/mod.ts'
import { BuildError } from '../build-error.ts'
import type { SourceNode } from './source-tree.ts'
import type { FileAttributes, MadeDirectory, Owner, UpperWriter } from './upper-writer.ts'

export interface UnpackRequest {
  readonly destination: string
  /** --chown; without it the archive's owners stay. */
  readonly owner: Owner | undefined
  readonly made: MadeDirectory
  readonly signal: AbortSignal
}

const BZIP2 = Buffer.from('BZh')
const XZ = Buffer.from('\xfd7zXZ\0', 'latin1')

/**
 * ADD of a local archive, told by its content whatever its name: tar, plain, gzip or zstd. False for any other file.
 * SECURITY: `..` in names stops the build; symlinks, of the archive too, are followed inside the image only.
 * @throws BuildError UNSUPPORTED for bzip2 and xz; ARCHIVE_INVALID
 */
export async function unpackArchive(writer: UpperWriter, node: SourceNode, request: UnpackRequest): Promise<boolean> {
  const head = await firstBytes(node.hostPath)
  if (head.subarray(0, 3).equals(BZIP2) || head.subarray(0, 6).equals(XZ)) {
    throw new BuildError('UNSUPPORTED', `ADD ${node.path}: archives in bzip2 and xz cannot be unpacked yet`, {
      hint: 'Pack it with gzip or zstd, or COPY it and unpack it in a RUN',
    })
  }
  if (sniffCompression(head) === 'none' && !isTar(head)) return false
  let destination: string | undefined
  try {
    for await (const { entry, body } of readTar(decompress(fileStream(node.hostPath, { signal: request.signal })))) {
      destination ??= writer.ensureDirectory(request.destination, request.made)
      await writeEntry(writer, { entry, body, destination, owner: request.owner })
    }
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    // Something else in gzip is an ordinary file.
    if (destination === undefined) return false
    throw invalid(`ADD ${node.path}: ${error.message}`, error)
  }
  return destination !== undefined
}

interface EntryRequest {
  readonly entry: TarEntry
  readonly body: ByteStream
  readonly destination: string
  readonly owner: Owner | undefined
}

async function writeEntry(writer: UpperWriter, { entry, body, destination, owner }: EntryRequest): Promise<void> {
  const place = (path: string): string => `${destination === '/' ? '' : destination}/${cleanEntryPath(path).join('/')}`
  // The archive's own root says nothing of the directory that it is unpacked in.
  if (cleanEntryPath(entry.path).length === 0) return
  const path = place(entry.path)
  const attributes: FileAttributes = {
    uid: owner?.uid ?? entry.uid,
    gid: owner?.gid ?? entry.gid,
    mode: entry.mode,
    mtimeNs: entry.mtimeNs,
    xattrs: entry.xattrs,
  }
  switch (entry.type) {
    case 'directory':
      return writer.directory(path, attributes)
    case 'symlink':
      return writer.symlink(path, entry.linkPath, attributes)
    case 'hardlink':
      if (writer.hardLink(place(entry.linkPath), path)) return
      throw invalid(`The hard link ${entry.path} leads to ${entry.linkPath}, which does not come before it`)
    case 'character':
    case 'block':
    case 'fifo':
      return writer.special(path, entry.type, { ...attributes, major: entry.devMajor, minor: entry.devMinor })
    case 'file':
      return writer.fillFile(path, attributes, (host) => writeFileFrom(host, body))
  }
}

function invalid(message: string, cause?: unknown): BuildError {
  return new BuildError('ARCHIVE_INVALID', message, { cause, hint: 'Make the archive again, or COPY it as it is' })
}

function isTar(head: Buffer): boolean {
  return head.subarray(257, 262).toString('latin1') === 'ustar'
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const piece of fileStream(path, { end: 512 })) return Buffer.from(piece)
  return Buffer.alloc(0)
}
