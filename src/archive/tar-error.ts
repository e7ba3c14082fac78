import { CodedError } from '../kit/mod.ts'

/**
 * What is wrong with an archive:
 * NOT_TAR (the first block is no header) · HEADER_INVALID · CHECKSUM_INVALID · TRUNCATED · TOO_LARGE (an extension record past our bound) ·
 * SPARSE_UNSUPPORTED (an older sparse form than PAX 1.0) · SPARSE_INVALID · PATH_UNSAFE (leads out of the root) · PATH_INVALID (text that is no path) ·
 * SIZE_MISMATCH (writing: a body that is not as long as its entry says).
 */
export type TarErrorCode =
  | 'NOT_TAR'
  | 'HEADER_INVALID'
  | 'CHECKSUM_INVALID'
  | 'TRUNCATED'
  | 'TOO_LARGE'
  | 'SPARSE_UNSUPPORTED'
  | 'SPARSE_INVALID'
  | 'PATH_UNSAFE'
  | 'PATH_INVALID'
  | 'SIZE_MISMATCH'

export class TarError extends CodedError<TarErrorCode> {}

/** A path as an error message shows it: quoted, and short. */
export function showPath(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path)
}
