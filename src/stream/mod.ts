/**
 * Byte streams: verified, measured, compressed, read from and written to files, in 1 MiB pieces and with bounded memory.
 */
export * from './byte-stream.ts'
