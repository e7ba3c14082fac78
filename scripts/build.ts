/**
 * Makes `dist/`: the program as one chunk per command, the workers beside them, and each module as a library entry.
 * Sources run directly in a checkout; an installed package has only this (Node refuses types inside node_modules).
 */
import { glob, mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const outdir = join(root, 'dist')
const staging = join(root, `.dist-${process.pid}`)

const entries: Record<string, string> = { main: join(root, 'src/cli/main.ts') }
for await (const file of glob('src/**/*-worker.ts', { cwd: root })) entries[basename(file, '.ts')] = join(root, file)
for await (const file of glob('src/**/mod.ts', { cwd: root })) {
  const module = dirname(file).slice('src/'.length)
  if (module.startsWith('store/') || module === 'cli') continue
  entries[module.replaceAll('/', '-')] = join(root, file)
}

try {
  await build({
    entryPoints: entries,
    outdir: staging,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    minifySyntax: true,
    legalComments: 'none',
    chunkNames: '[name]-[hash]',
    // koffi finds its binary beside its own files.
    external: ['koffi'],
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    logLevel: 'warning',
  })
  await mkdir(staging, { recursive: true })
  await rm(outdir, { recursive: true, force: true })
  await rename(staging, outdir)
} finally {
  await rm(staging, { recursive: true, force: true })
}
