import { createRequire } from 'node:module'
import { closeSync, constants, openSync } from 'node:fs'
import { getSystemErrorMap } from 'node:util'

/** A path as Node takes it: text, or bytes where the name is no UTF-8. */
export type SystemPath = string | Buffer

type Native = (...args: unknown[]) => number | bigint

interface Library {
  readonly call: (name: string, args: readonly unknown[], path: SystemPath) => number
}

const SIGNATURES: Readonly<Record<string, readonly [result: string, ...parameters: string[]]>> = {
  flock: ['int', 'int', 'int'],
  syncfs: ['int', 'int'],
  mknod: ['int', 'char *', 'uint32', 'uint64'],
  lsetxattr: ['int', 'char *', 'char *', 'void *', 'size_t', 'int'],
  lgetxattr: ['int64', 'char *', 'char *', 'void *', 'size_t'],
  llistxattr: ['int64', 'char *', 'void *', 'size_t'],
  lremovexattr: ['int', 'char *', 'char *'],
  utimensat: ['int', 'int', 'char *', 'void *', 'int'],
}

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const LOCK = { shared: 1, exclusive: 2, nonBlocking: 4 } as const
const NAMES: ReadonlyMap<number, readonly [string, string]> = getSystemErrorMap()

let loaded: Library | undefined

/** koffi is loaded at the first call only: most commands need no system call. */
function libc(): Library {
  if (loaded !== undefined) return loaded
  const koffi = createRequire(import.meta.url)('koffi') as {
    load(name: null | string): { func(name: string, result: string, parameters: readonly string[]): Native }
    errno(): number
  }
  const library = koffi.load('libc.so.6')
  const functions = new Map<string, Native>()
  loaded = {
    call(name, args, path) {
      let native = functions.get(name)
      if (native === undefined) {
        const [result, ...parameters] = SIGNATURES[name] as readonly [string, ...string[]]
        native = library.func(name, result, parameters)
        functions.set(name, native)
      }
      const result = Number(native(...args))
      if (result < 0) throw systemError(koffi.errno(), name, path)
      return result
    },
  }
  return loaded
}

/** An error as Node's own: `code`, `errno`, `syscall`, `path`. */
function systemError(errno: number, syscall: string, path: SystemPath): Error {
  const [code, text] = NAMES.get(-errno) ?? [`E${errno}`, 'unknown error']
  const error = new Error(`${code}: ${text}, ${syscall} '${path.toString()}'`)
  return Object.assign(error, { code, errno: -errno, syscall, path: path.toString() })
}

/** A C string: koffi would encode text as UTF-8 by itself, but not our bytes. */
function cString(path: SystemPath): Buffer {
  return typeof path === 'string' ? Buffer.from(`${path}\0`) : Buffer.concat([path, Buffer.from([0])])
}

/** Locks an open file for this open file description; false when somebody else has it. */
export function tryFlock(fd: number, options: { readonly shared: boolean }): boolean {
  try {
    libc().call('flock', [fd, (options.shared ? LOCK.shared : LOCK.exclusive) | LOCK.nonBlocking], `fd ${fd}`)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EWOULDBLOCK' || code === 'EAGAIN') return false
    throw error
  }
}

/** Writes everything of the filesystem that holds `path` to its disk. */
export function syncFileSystem(path: SystemPath): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    libc().call('syncfs', [fd], path)
  } finally {
    closeSync(fd)
  }
}

/** `mode` with its type bits (S_IFCHR, S_IFBLK, S_IFIFO). */
export function makeNode(path: SystemPath, mode: number, major: number, minor: number): void {
  const device =
    ((BigInt(major) & 0xfffn) << 8n) | (BigInt(minor) & 0xffn) | ((BigInt(minor) & ~0xffn) << 12n) | ((BigInt(major) & ~0xfffn) << 32n)
  libc().call('mknod', [cString(path), mode, device], path)
}

/** Never follows a symlink in the last component; nor do the other attribute functions. */
export function setXattr(path: SystemPath, name: string, value: Uint8Array): void {
  libc().call('lsetxattr', [cString(path), cString(name), value, value.length, 0], path)
}

/** The value, or undefined when there is none of that name (or the filesystem has none at all). */
export function getXattr(path: SystemPath, name: string): Buffer | undefined {
  try {
    for (let size = 256; ; size = libc().call('lgetxattr', [cString(path), cString(name), null, 0], path)) {
      try {
        const value = Buffer.alloc(size)
        return value.subarray(0, libc().call('lgetxattr', [cString(path), cString(name), value, size], path))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERANGE') throw error
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENODATA' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') return undefined
    throw error
  }
}

const listBuffer = Buffer.alloc(65_536)

export function listXattrs(path: SystemPath): readonly string[] {
  try {
    const size = libc().call('llistxattr', [cString(path), listBuffer, listBuffer.length], path)
    return size === 0 ? [] : listBuffer.toString('utf8', 0, size - 1).split('\0')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') return []
    throw error
  }
}

export function removeXattr(path: SystemPath, name: string): void {
  libc().call('lremovexattr', [cString(path), cString(name)], path)
}

const times = Buffer.alloc(32)

/** Times in nanoseconds since 1970; before it they are negative. */
export function setTimes(path: SystemPath, accessNs: bigint, modifyNs: bigint): void {
  for (const [at, value] of [
    [0, accessNs],
    [16, modifyNs],
  ] as const) {
    // The fraction counts forward, also before 1970.
    const nanoseconds = ((value % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
    times.writeBigInt64LE((value - nanoseconds) / 1_000_000_000n, at)
    times.writeBigInt64LE(nanoseconds, at + 8)
  }
  libc().call('utimensat', [AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW], path)
}
