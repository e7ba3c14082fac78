import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { View, ViewNode } from '../../store/mod.ts'

/** A temporary directory, gone after the test. */
export function scratch(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'lamina-copy-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Files by path: text, `-> target` for a symlink; a path that ends in `/` is a directory. */
export function plant(root: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path)
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true })
    if (path.endsWith('/')) continue
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), at)
    else writeFileSync(at, content)
  }
  return root
}

/** What `plant` would plant. */
export function harvest(root: string): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: string): void => {
    for (const name of readdirSync(join(root, path)).toSorted()) {
      const at = path === '' ? name : `${path}/${name}`
      const stat = lstatSync(join(root, at))
      if (stat.isSymbolicLink()) found[at] = `-> ${readlinkSync(join(root, at))}`
      else if (!stat.isDirectory()) found[at] = readFileSync(join(root, at), 'utf8')
      else if (readdirSync(join(root, at)).length === 0) found[`${at}/`] = ''
      else walk(at)
    }
  }
  walk('')
  return found
}

/** One directory as a view; enough of it for what writes above it. */
export function directoryView(root: string): View {
  const nodeAt = (path: string): ViewNode | undefined => {
    const hostPath = join(root, path)
    // Also undefined when a parent is a file.
    if (!existsAt(hostPath)) return undefined
    const stat = lstatSync(hostPath, { bigint: true })
    const type = stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'directory' : 'file'
    const target = type === 'symlink' ? readlinkSync(hostPath) : undefined
    const numbers = { mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), size: Number(stat.size) }
    return { path, type, ...numbers, mtimeNs: stat.mtimeNs, target, hostPath }
  }
  const lookup: View['lookup'] = (path, options = {}) => {
    let done: string[] = []
    const pending = path.split('/').filter(Boolean).toReversed()
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '..') {
        done.pop()
        continue
      }
      const node = nodeAt(`/${[...done, name].join('/')}`)
      if (node === undefined) return undefined
      if (node.type === 'symlink' && (options.follow !== false || pending.length > 0)) {
        if (node.target?.startsWith('/') === true) done = []
        pending.push(...(node.target ?? '').split('/').filter(Boolean).toReversed())
      } else done.push(name)
    }
    return nodeAt(`/${done.join('/')}`)
  }
  const unused = (): never => {
    throw new Error('not needed here')
  }
  return {
    lookup,
    readDirectory: (path) => readdirSync(join(root, path)).toSorted(),
    readText: (path) => readFileSync(join(root, path), 'utf8'),
    xattrs: () => new Map(),
    open: unused,
    contentDigest: unused,
  }
}

function existsAt(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}
