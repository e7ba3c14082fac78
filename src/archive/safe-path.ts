import { showPath, TarError } from './tar-error.ts'

/**
 * The components of an entry's path, or of a hard link's target, relative to the root: `[]` is the root itself.
 * Leading `/`, `.` and empty components are dropped, `..` is resolved by name, as docker does.
 * SECURITY: this is a matter of names only; whoever writes must not follow a symlink in any of the parents.
 * @throws TarError PATH_UNSAFE for `..` that leads out of the root, and for NUL
 */
export function cleanEntryPath(path: string): readonly string[] {
  // SECURITY: NUL ends a path in the kernel, so what was checked would not be what is opened.
  if (path.includes('\0')) throw new TarError('PATH_UNSAFE', `Path ${showPath(path)} contains a NUL`)
  const components: string[] = []
  for (const component of path.split('/')) {
    if (component === '' || component === '.') continue
    if (component !== '..') components.push(component)
    else if (components.pop() === undefined) throw new TarError('PATH_UNSAFE', `Path ${showPath(path)} leads out of the archive's root`)
  }
  return components
}
