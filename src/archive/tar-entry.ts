export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo'

/** A run of bytes that a sparse file really has. */
export interface SparseSegment {
  readonly offset: number
  readonly length: number
}

/** One entry of a tar with all extensions (PAX, GNU long names, base-256 numbers) applied. Paths are text as `decodePath` makes it. */
export interface TarEntry {
  /** As in the archive: may be absolute, hold `..`, or end in `/`. `cleanEntryPath` makes it safe. */
  readonly path: string
  readonly type: TarEntryType
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  readonly mode: number
  /** 0 to 2^32-2. */
  readonly uid: number
  readonly gid: number
  readonly uname: string
  readonly gname: string
  /** Bytes of the file: of a sparse one with its holes. 0 for everything but files. */
  readonly size: number
  /** Nanoseconds since 1970, negative before. */
  readonly mtimeNs: bigint
  /** Target of a symlink, or path (as in the archive) of the entry that a hard link repeats; else empty. */
  readonly linkPath: string
  readonly devMajor: number
  readonly devMinor: number
  /** Values are bytes; the map is shared and empty for most entries. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>
  /** Set for a sparse file only: the payload is these segments, one after the other, ascending and not empty. */
  readonly sparse?: readonly SparseSegment[] | undefined
}

/** Bytes of payload that an entry has in the archive: less than `size` for a sparse file. */
export function payloadSize(entry: TarEntry): number {
  return entry.sparse === undefined ? entry.size : entry.sparse.reduce((sum, { length }) => sum + length, 0)
}

/** An entry to write: what is left out is 0 or empty, the mode 0644 (directories 0755, symlinks 0777). */
export type NewTarEntry = Pick<TarEntry, 'path' | 'type'> & Partial<Omit<TarEntry, 'sparse'>>
