import { showPath, TarError } from './tar-error.ts'

const PREFIX = '.wh.'
const META_PREFIX = '.wh..wh.'

/** The name of the marker that hides everything that lower layers have in its directory: image-spec layer.md, "Opaque Whiteout". */
export const OPAQUE_WHITEOUT = '.wh..wh..opq'

/** What the last component of an entry's path means: `hide` removes `name` of lower layers; `metadata` is AUFS's own and means nothing to us. */
export type Whiteout = { readonly kind: 'hide'; readonly name: string } | { readonly kind: 'opaque' } | { readonly kind: 'metadata' }

/**
 * Reads the last component of a path; undefined when it is an ordinary name. SPEC: image-spec layer.md, "Whiteouts".
 * @throws TarError PATH_UNSAFE for a marker that would hide `.`, `..` or nothing
 */
export function parseWhiteout(name: string): Whiteout | undefined {
  if (!name.startsWith(PREFIX)) return undefined
  if (name === OPAQUE_WHITEOUT) return { kind: 'opaque' }
  if (name.startsWith(META_PREFIX)) return { kind: 'metadata' }
  const hidden = name.slice(PREFIX.length)
  // SECURITY: `.wh...` names the parent directory.
  if (hidden === '' || hidden === '.' || hidden === '..') throw new TarError('PATH_UNSAFE', `Whiteout ${showPath(name)} hides no name`)
  return { kind: 'hide', name: hidden }
}

/** The name of the marker that hides `name`. */
export function formatWhiteout(name: string): string {
  return PREFIX + name
}
