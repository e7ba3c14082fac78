/** A path lexically cleaned as Go's path.Clean does: no empty, `.` or inner `..` parts, no trailing slash; "" becomes ".". */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!rooted) parts.push(part)
  }
  const cleaned = (rooted ? '/' : '') + parts.join('/')
  return cleaned === '' ? '.' : cleaned
}

/** WORKDIR: `path`, expanded, seen from `current` (config.WorkingDir, "" at first). Always absolute and cleaned; never above `/`. */
export function joinWorkdir(current: string, path: string): string {
  return cleanPath(path.startsWith('/') ? path : `/${current}/${path}`)
}

/** A COPY destination, expanded: absolute, cleaned, but with a trailing slash when it names a directory (`/`, `.` and "" too). */
export function joinDestination(workdir: string, path: string): string {
  const joined = joinWorkdir(workdir, path)
  const isDirectory = path === '' || path === '.' || path.endsWith('/') || path.endsWith('/.')
  return isDirectory && joined !== '/' ? `${joined}/` : joined
}
