import type { View } from '../../store/mod.ts'

/** What is at a path of a source: the context's or another stage's. */
export interface SourceNode {
  /** Absolute within the tree, symlinks in parents resolved. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeNs: bigint
  readonly target: string | undefined
  readonly hostPath: string
  /** The same while the file is the same. */
  readonly identity: string
  /** The later of its times, nanoseconds. */
  readonly changedNs: bigint
  readonly links: number
}

/** Where COPY and ADD take files from. */
export interface SourceTree {
  /** Another stage's files keep their owners; the context's belong to root. */
  readonly keepsOwners: boolean
  lookup(path: string, options: { readonly follow: boolean }): SourceNode | undefined
  /** Sorted names. */
  readDirectory(path: string): readonly string[]
  contentDigest(node: SourceNode): Promise<string>
  xattrs(node: SourceNode): ReadonlyMap<string, Uint8Array>
  /** For a directory that is only walked for what a `!` pattern brings back. */
  isLeftOut?(path: string): boolean
  whyLeftOut?(path: string): string | undefined
}

/** A stage's or an image's files as a source. */
export function viewTree(view: View): SourceTree {
  return {
    keepsOwners: true,
    lookup(path, options) {
      const node = view.lookup(path, options)
      if (node === undefined) return undefined
      const type = node.type === 'file' || node.type === 'directory' || node.type === 'symlink' ? node.type : 'other'
      return { ...node, type, identity: `${node.hostPath}:${node.size}:${node.mtimeNs}`, changedNs: node.mtimeNs, links: 1 }
    },
    readDirectory: (path) => view.readDirectory(path),
    contentDigest: (node) => view.contentDigest(node.path),
    xattrs: (node) => view.xattrs(node.path),
  }
}
