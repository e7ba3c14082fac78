import { linkSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { cleanEntryPath, decodePath, encodePath } from '../../archive/mod.ts'
import { applyAttributes, attributesOf, copyXattrs, isOpaque, OPAQUE } from './attributes.ts'
import type { Needs } from './needs.ts'
import { tocEntries } from './toc.ts'
import type { View, ViewNode } from './view.ts'
import { setXattr } from '../../host/mod.ts'

/** What must differ from the plain layer when it lies on top of `below`. */
export interface Adjustments {
  readonly attributes: readonly { readonly path: string; readonly like: ViewNode }[]
  readonly ghosts: readonly string[]
  readonly links: readonly { readonly path: string; readonly target: ViewNode }[]
}

/** Undefined when the plain layer is right as it is. */
export function adjustmentsOf(needs: Needs, below: View, toc: string): Adjustments | undefined {
  const attributes = needs.implied.flatMap((path) => {
    const like = below.lookup(`/${path}`, { follow: false })
    const isPlain =
      like === undefined ||
      like.type !== 'directory' ||
      (like.mode === 0o755 && like.uid === 0 && like.gid === 0 && (path === '' || like.mtimeNs === 0n))
    return isPlain ? [] : [{ path, like }]
  })
  const ghosts = needs.whiteouts.filter((path) => below.lookup(`/${path}`, { follow: false }) === undefined)
  const links = needs.links.length === 0 ? [] : linkTargets(needs.links, below, toc)
  return attributes.length + ghosts.length + links.length === 0 ? undefined : { attributes, ghosts, links }
}

function linkTargets(wanted: readonly string[], below: View, toc: string): { path: string; target: ViewNode }[] {
  const found: { path: string; target: ViewNode }[] = []
  const paths = new Set(wanted)
  for (const { entry } of tocEntries(toc)) {
    const path = entry.type === 'hardlink' ? cleanEntryPath(entry.path).join('/') : ''
    if (!paths.has(path)) continue
    const target = below.lookup(`/${cleanEntryPath(entry.linkPath).join('/')}`, { follow: false })
    // A link to nothing was lost when the layer was made; the rest of the image may well work.
    if (target !== undefined && target.type !== 'directory') found.push({ path, target })
  }
  return found
}

/** Fills the empty directory `to` with the layer `from`, files hard-linked, and the adjustments made. */
export function makeVariant(from: string, to: string, { attributes, ghosts, links }: Adjustments): void {
  const skip = new Set(ghosts)
  linkTree(from, to, (path) => skip.has(path))
  for (const { path, like } of attributes) {
    const target = path === '' ? to : join(to, path)
    copyXattrs(host(like.hostPath), host(target))
    applyAttributes(host(target), like)
  }
  for (const { path, target } of links) linkSync(host(target.hostPath), host(join(to, path)))
}

/** Copies a tree: directories made anew with their attributes, everything else hard-linked. */
export function linkTree(from: string, to: string, isSkipped: (path: string) => boolean, path = ''): void {
  for (const bytes of readdirSync(host(from), { encoding: 'buffer' })) {
    const name = decodePath(bytes)
    const relative = path === '' ? name : `${path}/${name}`
    if (isSkipped(relative)) continue
    const source = join(from, name)
    const target = join(to, name)
    if (lstatSync(host(source)).isDirectory()) {
      mkdirSync(host(target))
      linkTree(source, target, isSkipped, relative)
    } else {
      linkSync(host(source), host(target))
    }
  }
  if (isOpaque(host(from))) setXattr(host(to), OPAQUE, Buffer.from('y'))
  copyXattrs(host(from), host(to))
  applyAttributes(host(to), attributesOf(host(from)))
}

/** One directory of what several layers show together: for images with more layers than overlayfs takes. */
export function mergeView(view: View, to: string, path = '/'): void {
  for (const name of view.readDirectory(path)) {
    const node = view.lookup(path === '/' ? `/${name}` : `${path}/${name}`, { follow: false })
    if (node === undefined) continue
    const target = join(to, name)
    if (node.type === 'directory') {
      mkdirSync(host(target))
      mergeView(view, target, node.path)
    } else {
      linkSync(host(node.hostPath), host(target))
    }
  }
  const node = view.lookup(path)
  if (node === undefined || node.hostPath === '') return
  copyXattrs(host(node.hostPath), host(to))
  applyAttributes(host(to), node)
}

function join(directory: string, name: string): string {
  return `${directory}/${name}`
}

function host(path: string): Buffer {
  return encodePath(path)
}
