import { lstatSync } from 'node:fs'
import { fsPath } from '../../archive/mod.ts'
import type { View, ViewNode } from '../../store/mod.ts'

/** What is at a path of a source: the context's, another stage's or an image's. */
export interface SourceNode {
  /** Absolute within the tree, symlinks in parents resolved; text as decodePath (archive) makes it. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeNs: bigint
  /** Of a symlink. */
  readonly target: string | undefined
  readonly hostPath: string
}

/** Where COPY and ADD take files from. */
export interface SourceTree {
  /** For people: `the build context`. */
  readonly name: string
  /** Undefined when nothing is there, or what is there is left out. */
  lookup(path: string, options: { readonly follow: boolean }): SourceNode | undefined
  /** What is in a directory, bytewise by name. What is left out is not there. */
  list(directory: SourceNode): readonly SourceNode[]
  contentDigest(node: SourceNode): Promise<string>
  xattrs(node: SourceNode): ReadonlyMap<string, Uint8Array>
  /** The same for all names of one file, undefined when it has one name only. */
  hardLinkOf(node: SourceNode): string | undefined
  /** Stays the same as long as the file's content and attributes do; undefined when that cannot be told. */
  identity(node: SourceNode): FileIdentity | undefined
  /** What leaves the path out (`line 3 of .dockerignore: *.log`), if that is why it is not there. */
  whyLeftOut?(path: string): string | undefined
}

export interface FileIdentity {
  readonly text: string
  /** The later of its times of modification and change. */
  readonly changedNs: bigint
}

/** A stage's or an image's files as a source: owners and all are kept. */
export function viewTree(view: View, name: string): SourceTree {
  return {
    name,
    lookup: (path, options) => view.lookup(path, options),
    list(directory) {
      return view.readDirectory(directory.path).flatMap((child): ViewNode[] => {
        const node = view.lookup(childPath(directory.path, child), { follow: false })
        return node === undefined ? [] : [node]
      })
    },
    contentDigest: (node) => view.contentDigest(node.path),
    xattrs: (node) => view.xattrs(node.path),
    hardLinkOf(node) {
      // Variants of a layer share files with it, but never under two paths of one view.
      const { nlink, dev, ino } = lstatSync(fsPath(node.hostPath))
      return nlink > 1 ? `${dev}:${ino}` : undefined
    },
    identity: () => undefined,
  }
}

export function childPath(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
