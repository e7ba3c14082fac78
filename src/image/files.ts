import { open, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { TarParser } from '../archive/mod.ts'
import { codeOf } from '../kit/mod.ts'
import { fileStream, PIECE, readAll, type ByteStream } from '../stream/mod.ts'
import { ImageError } from './image-error.ts'

/** Named files that an image is kept in: a directory's, or those in a tar. */
export interface Files extends AsyncDisposable {
  readonly name: string
  /** Undefined when there is none of that name. */
  find(path: string): Promise<{ readonly size: number } | undefined>
  open(path: string, range?: { readonly start?: number | undefined; readonly signal?: AbortSignal | undefined }): Promise<ByteStream>
}

export async function readFileOf(files: Files, path: string, limit: number): Promise<Uint8Array | undefined> {
  return (await files.find(path)) === undefined ? undefined : readAll(await files.open(path), limit)
}

export function directoryFiles(directory: string): Files {
  return {
    name: directory,
    async find(path) {
      try {
        return { size: (await stat(join(directory, path))).size }
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
        throw error
      }
    },
    open: async (path, range = {}) => fileStream(join(directory, path), range),
    async [Symbol.asyncDispose]() {},
  }
}

interface Place {
  readonly offset: number
  readonly size: number
}

/** The files in an uncompressed tar, found in one pass that skips their content; read in any order. */
export async function tarFiles(path: string, name: string): Promise<Files> {
  const handle = await open(path, 'r')
  try {
    const places = await indexTar(handle, name)
    const place = (file: string): Place | undefined => {
      for (let at: string | undefined = file, links = 0; at !== undefined && links < 8; links++) {
        const found: Place | string | undefined = places.get(at)
        if (typeof found !== 'string') return found
        at = found
      }
      return undefined
    }
    return {
      name,
      find: async (file) => place(file),
      async open(file, range = {}) {
        const found = place(file)
        if (found === undefined) throw new ImageError('ARCHIVE_INVALID', `${name} has no file ${file}`)
        return fileStream(path, { start: found.offset + (range.start ?? 0), end: found.offset + found.size, signal: range.signal })
      },
      [Symbol.asyncDispose]: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Text: the file is a link to another one (docker writes a repeated layer so). */
async function indexTar(handle: FileHandle, name: string): Promise<Map<string, Place | string>> {
  const places = new Map<string, Place | string>()
  const parser = new TarParser({
    raw() {},
    data() {},
    endEntry() {},
    entry(entry, offset) {
      const path = clean(entry.path)
      if (entry.type === 'file') places.set(path, { offset, size: entry.size })
      else if (entry.type === 'hardlink') places.set(path, clean(entry.linkPath))
      else if (entry.type === 'symlink') places.set(path, clean(join(path, '..', entry.linkPath)))
    },
  })
  const buffer = Buffer.alloc(PIECE)
  try {
    for (let at = 0; ; at += parser.skipPayload()) {
      // After a payload that was skipped only a header follows: small reads cost least.
      const { bytesRead } = await handle.read(buffer, 0, at === 0 ? PIECE : 8192, at)
      if (bytesRead === 0) break
      parser.push(buffer.subarray(0, bytesRead))
      at += bytesRead
    }
    parser.end()
  } catch (error) {
    throw new ImageError('ARCHIVE_INVALID', `${name} is no tar archive that holds an image`, {
      cause: error,
      hint: 'load reads what docker save, skopeo copy and lamina save write',
    })
  }
  return places
}

function clean(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/$/, '')
}
