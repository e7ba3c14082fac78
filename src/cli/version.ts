import { readFileSync } from 'node:fs'

/** The package's version: package.json is one folder above `dist/`, two above `src/cli/`. */
export function version(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json'
  return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version
}
