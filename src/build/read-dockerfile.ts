import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { formatDiagnostic, groupStages, parseDockerfile, type Diagnostic, type Dockerfile, type Stages } from '../dockerfile/mod.ts'
import { codeOf } from '../kit/mod.ts'
import { BuildError } from './build-error.ts'

export interface ReadDockerfile {
  readonly path: string
  /** For people: as short as it can be. */
  readonly shown: string
  readonly dockerfile: Dockerfile
  readonly stages: Stages
  readonly warnings: readonly string[]
}

/** Finds and parses it. @throws BuildError CONTEXT_INVALID, DOCKERFILE_MISSING, DOCKERFILE_INVALID with all its errors */
export function readDockerfile(context: string, file: string | undefined): ReadDockerfile {
  const path = findDockerfile(context, file)
  const shown = file === undefined ? basename(path) : relative('', path) || path
  const dockerfile = parseDockerfile(readFileSync(path, 'utf8'))
  const stages = groupStages(dockerfile)
  const diagnostics = [...dockerfile.diagnostics, ...stages.diagnostics]
  const format = (severity: Diagnostic['severity']): string[] =>
    diagnostics.filter((found) => found.severity === severity).map((found) => formatDiagnostic(found, shown, dockerfile.source))
  const errors = format('error')
  if (errors.length > 0) throw new BuildError('DOCKERFILE_INVALID', errors.join('\n'))
  return { path, shown, dockerfile, stages, warnings: format('warning') }
}

function findDockerfile(context: string, file: string | undefined): string {
  if (!isDirectory(context)) {
    throw new BuildError('CONTEXT_INVALID', `The build context ${context} is no directory`, { hint: "Give a directory; '.' is this one" })
  }
  if (file !== undefined) {
    if (existsSync(file) && !isDirectory(file)) return file
    throw new BuildError('DOCKERFILE_MISSING', `There is no Dockerfile ${file}`, { hint: 'Give its path from here with --file' })
  }
  const found = ['Dockerfile', 'dockerfile', 'Containerfile'].map((name) => join(context, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new BuildError('DOCKERFILE_MISSING', `There is no Dockerfile in ${context}`, {
    hint: 'Write one, or name another file with --file',
  })
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false
    throw error
  }
}
