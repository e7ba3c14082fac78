import type { Escape, Instruction } from './ast.ts'
import { DockerfileError } from './errors.ts'
import { parseLines } from './parse.ts'
import type { Range } from './range.ts'

const FORBIDDEN: readonly string[] = ['ONBUILD', 'FROM', 'MAINTAINER']

/**
 * Parses one entry of a base image's config.OnBuild. All ranges in it are `at`, the place of the FROM that brings it in.
 * The escape is a backslash, whatever this Dockerfile's is: the entry was written elsewhere.
 * @throws DockerfileError TRIGGER_INVALID
 */
export function parseTrigger(text: string, at: Range, escape: Escape = '\\'): Instruction {
  const { instructions, diagnostics } = parseLines(text, { escape, at })
  const [instruction] = instructions
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
  const error = diagnostics.find(({ severity }) => severity === 'error')
  if (error !== undefined) throw invalidTrigger(`Invalid ONBUILD trigger ${shown} of the base image: ${error.message}`, at)
  if (instruction === undefined || instructions.length > 1) {
    throw invalidTrigger(`Invalid ONBUILD trigger ${shown} of the base image: it must be one instruction`, at)
  }
  const name = instruction.keyword.text.toUpperCase()
  if (FORBIDDEN.includes(name)) throw invalidTrigger(`Invalid ONBUILD trigger ${shown} of the base image: ${name} is not allowed there`, at)
  return instruction
}

function invalidTrigger(message: string, range: Range): DockerfileError {
  return new DockerfileError('TRIGGER_INVALID', message, { range })
}
