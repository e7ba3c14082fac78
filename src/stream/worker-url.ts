import { basename } from 'node:path'

/** Where a worker's code is: beside the sources as `.ts`, in `dist/` beside every bundled chunk as `.js`. `url`: `new URL('./x-worker.ts', import.meta.url)`. */
export function workerUrl(url: URL, importer: string): URL {
  return importer.endsWith('.ts') ? url : new URL(`./${basename(url.pathname, '.ts')}.js`, importer)
}
