import { cleanPath, compileGlob, hasWildcard } from '../../dockerfile/mod.ts'
import { closest } from '../../kit/mod.ts'
import { BuildError } from '../build-error.ts'
import { baseName, childPath, parentOf, type SourceNode, type SourceTree } from './source-tree.ts'

export interface SelectedSource {
  /** Absolute, as the user wrote it, wildcards resolved; its last part is the name that a file gets in a directory. */
  readonly name: string
  /** Symlinks of a named source are followed. */
  readonly node: SourceNode
}

/**
 * What COPY's sources name. Leading `/` and `..` stop at the root of the tree. A wildcard may match nothing; a plain path may not.
 * @throws BuildError SOURCE_MISSING
 */
export function selectSources(tree: SourceTree, sources: readonly string[]): readonly SelectedSource[] {
  return sources.flatMap((source) => {
    const path = cleanPath(`/${source}`)
    if (hasWildcard(path)) return matches(tree, path)
    const node = tree.lookup(path, { follow: true })
    if (node !== undefined) return [{ name: path, node }]
    // An escaped wildcard is a plain character.
    const unescaped = path.includes('\\') ? matches(tree, path) : []
    if (unescaped.length === 0) throw missing(tree, source, path)
    return unescaped
  })
}

/** SPEC: Go's filepath.Match, as COPY has it: each part of the pattern matches one name. */
function matches(tree: SourceTree, pattern: string): SelectedSource[] {
  let found: string[] = ['/']
  for (const part of pattern.slice(1).split('/')) {
    const fits = compileGlob(part)
    found = found.flatMap((path) => {
      const directory = tree.lookup(path, { follow: true })
      if (directory?.type !== 'directory') return []
      if (!hasWildcard(part) && !part.includes('\\')) return [childPath(path, part)]
      return tree
        .list(directory)
        .map((node) => baseName(node.path))
        .filter(fits)
        .map((name) => childPath(path, name))
    })
  }
  return found.flatMap((name) => {
    const node = tree.lookup(name, { follow: true })
    return node === undefined ? [] : [{ name, node }]
  })
}

function missing(tree: SourceTree, source: string, path: string): BuildError {
  return new BuildError('SOURCE_MISSING', `${JSON.stringify(source)} is not in ${tree.name}`, { hint: whyMissing(tree, path) })
}

function whyMissing(tree: SourceTree, path: string): string {
  const why = tree.whyLeftOut?.(path)
  if (why !== undefined) return `It is left out by ${why}`
  const parent = tree.lookup(parentOf(path), { follow: true })
  if (parent?.type !== 'directory') return `There is no directory ${parentOf(path)} either`
  const names = tree.list(parent).map((node) => baseName(node.path))
  const near = closest(baseName(path), names)
  if (near !== undefined) return `Did you mean ${childPath(parentOf(path), near).slice(1)}?`
  if (names.length === 0) return `${parent.path} is empty`
  return `In ${parent.path} there is ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`
}
