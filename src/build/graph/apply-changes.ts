import { DockerfileError, expandWord, parseDockerfile, type Instruction, type Scope } from '../../dockerfile/mod.ts'
import type { RunConfig } from '../../oci/mod.ts'
import { BuildError } from '../build-error.ts'
import { StageConfig } from './metadata.ts'

const ALLOWED = 'CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR'

/** Applies single Dockerfile instructions to an image's config, as `import --change` does. @throws BuildError DOCKERFILE_INVALID */
export function applyChanges(base: RunConfig, changes: readonly string[]): RunConfig {
  const stage = new StageConfig(base)
  for (const change of changes) {
    const { instructions, diagnostics, escape } = parseDockerfile(`FROM scratch\n${change}\n`)
    const problem = diagnostics.find(({ severity }) => severity === 'error')
    if (problem !== undefined) throw invalid(change, problem.message, problem.suggestion)
    const scope = { escape, lookup: (name: string) => stage.env(name) }
    for (const instruction of instructions.slice(1)) applyChange(stage, change, { instruction, scope })
  }
  return stage.config
}

function applyChange(
  stage: StageConfig,
  change: string,
  { instruction, scope }: { readonly instruction: Instruction; readonly scope: Scope },
): void {
  try {
    if (instruction.kind === 'workdir') stage.setWorkdir(expandWord(instruction.path, scope))
    else if (stage.apply(instruction, scope) === false)
      throw invalid(change, `${instruction.keyword.text} changes files or comes from elsewhere`)
  } catch (error) {
    throw error instanceof DockerfileError ? invalid(change, error.message, error.hint) : error
  }
}

function invalid(change: string, problem: string, suggestion = `These can be applied: ${ALLOWED}`): BuildError {
  return new BuildError('DOCKERFILE_INVALID', `Cannot apply ${JSON.stringify(change)}: ${problem}`, { hint: suggestion })
}
