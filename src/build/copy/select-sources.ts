import { cleanPath, compileGlob, hasWildcard } from '../../dockerfile/mod.ts'
import { BuildError } from '../build-error.ts'
import type { SourceNode, SourceTree } from './source-tree.ts'

export interface SelectedSource {
  /** As the user wrote it, wildcards resolved. */
  readonly name: string
  /** Symlinks of a named source are followed. */
  readonly node: SourceNode
}

/** The files and directories that COPY's sources name. A wildcard may match nothing; a plain path may not. @throws BuildError SOURCE_MISSING */
export function selectSources(tree: SourceTree, sources: readonly string[]): readonly SelectedSource[] {
  return sources.flatMap((source) => {
    const path = cleanPath(`/${source}`)
    if (hasWildcard(path)) return matches(tree, path)
    const node = tree.lookup(path, { follow: true })
    if (node === undefined || (node.type === 'directory' && tree.isLeftOut?.(node.path) === true && isEmptyFor(tree, node.path)))
      throw missing(tree, source, path)
    return [{ name: path, node }]
  })
}

function isEmptyFor(tree: SourceTree, path: string): boolean {
  return tree.readDirectory(path).every((name) => {
    const child = tree.lookup(`${path}/${name}`, { follow: false })
    return child === undefined || (child.type === 'directory' && isEmptyFor(tree, child.path))
  })
}

function matches(tree: SourceTree, pattern: string): SelectedSource[] {
  const components = pattern.slice(1).split('/')
  let found = ['']
  for (const component of components) {
    const fits = hasWildcard(component) ? compileGlob(component) : (name: string) => name === component
    found = found.flatMap((directory) => {
      const node = tree.lookup(directory === '' ? '/' : directory, { follow: true })
      if (node?.type !== 'directory') return []
      return tree
        .readDirectory(node.path)
        .filter(fits)
        .map((name) => `${directory}/${name}`)
    })
  }
  return found.flatMap((path) => {
    const node = tree.lookup(path, { follow: true })
    return node === undefined || (node.type === 'directory' && tree.isLeftOut?.(node.path) === true) ? [] : [{ name: path, node }]
  })
}

function missing(tree: SourceTree, source: string, path: string): BuildError {
  const why = tree.whyLeftOut?.(path)
  const parent = path.slice(0, path.lastIndexOf('/')) || '/'
  const there = tree.lookup(parent, { follow: true })?.type === 'directory' ? tree.readDirectory(parent).slice(0, 10).join(', ') : undefined
  return new BuildError(
    'SOURCE_MISSING',
    `${JSON.stringify(source)} is not in the ${tree.keepsOwners ? 'image that it is copied from' : 'build context'}`,
    {
      hint:
        why !== undefined
          ? `It is left out by ${why}`
          : there === undefined
            ? `There is no directory ${parent} either`
            : `In ${parent} there is: ${there === '' ? 'nothing' : there}`,
    },
  )
}
