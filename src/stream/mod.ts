/**
 * Byte streams: verified, measured, compressed, read from and written to files, in 1 MiB pieces and with bounded memory.
 * Invariant: nothing read through `verify` may be trusted before its loop has ended.
 */
export * from './byte-stream.ts'
export * from './decompress.ts'
export * from './digest.ts'
export * from './file.ts'
export { gzip } from './gzip.ts'
export * from './pieces.ts'
export { StreamError } from './stream-error.ts'
export { workerUrl } from './worker-url.ts'
