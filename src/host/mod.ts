/**
 * The machine: system calls that Node lacks, locks, files, filesystems, processes, what the machine can do.
 * Invariant: the only module that starts processes or loads native code; nothing here knows of images.
 */
export * from './capabilities.ts'
export * from './disk-full.ts'
export * from './file-lock.ts'
export * from './files.ts'
export * from './filesystem.ts'
export * from './host-error.ts'
export * from './namespace.ts'
export * from './spawn.ts'
export * from './syscalls.ts'
