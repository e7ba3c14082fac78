import type { Digest } from '../../oci/mod.ts'
import type { ByteStream } from '../../stream/mod.ts'

export type NodeType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo'

/** What is at a path of the joined layers. */
export interface ViewNode {
  /** Absolute, symlinks in parents resolved, `/` for the root. */
  readonly path: string
  readonly type: NodeType
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeNs: bigint
  /** Of a symlink. */
  readonly target: string | undefined
  /** Where the bytes are on this machine: to read from, never to write to. */
  readonly hostPath: string
}

/**
 * The layers joined, read without a mount. Path lookups are synchronous and never leave the view: absolute symlinks and `..` stop at its root.
 * Paths are text as decodePath (archive) makes it.
 */
export interface View {
  /** Follows symlinks in parents always, in the last component unless `follow` is false. Undefined when nothing is there. @throws StoreError SYMLINK_LOOP */
  lookup(path: string, options?: { readonly follow?: boolean }): ViewNode | undefined
  /** Names in a directory, bytewise sorted; [] when it is none. */
  readDirectory(path: string): readonly string[]
  open(path: string): Promise<ByteStream>
  /** A small text file such as /etc/passwd, or undefined when absent. */
  readText(path: string, limit?: number): string | undefined
  /** Digest of a regular file's content, from the layer's toc: reads no file. */
  contentDigest(path: string): Promise<Digest>
  /** Extended attributes that a layer keeps (security.capability, user.*). */
  xattrs(path: string): ReadonlyMap<string, Uint8Array>
}
