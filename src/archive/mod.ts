/**
 * The tar of a layer: reading and writing it, byte for byte. POSIX ustar and pax, GNU extensions, whiteouts (image-spec layer.md), safe paths.
 * No disk and no node: import: bytes in, entries out, and back. Extraction to disk is the store's.
 * Invariant: `TarParser` gives every byte of the archive exactly once, either to `raw` or to `data`.
 */
export { comparePaths, decodePath, encodePath, fsPath } from './path-text.ts'
export { type ReadEntry, readTar } from './read-tar.ts'
export { cleanEntryPath } from './safe-path.ts'
export { type NewTarEntry, payloadSize, type SparseSegment, type TarEntry, type TarEntryType } from './tar-entry.ts'
export { TarError, type TarErrorCode } from './tar-error.ts'
export { TAR_TRAILER, tarHeader, tarPadding } from './tar-header.ts'
export { type TarHandler, TarParser } from './tar-parser.ts'
export { formatWhiteout, OPAQUE_WHITEOUT, parseWhiteout, type Whiteout } from './whiteout.ts'
export { type WriteEntry, writeTar } from './write-tar.ts'
