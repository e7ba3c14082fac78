import type { ArgInstruction, Dockerfile, FromInstruction, Instruction } from './ast.ts'
import type { Diagnostic } from './diagnostic.ts'

/** A FROM and what follows it. */
export interface Stage {
  /** Counts every FROM, from 0. */
  readonly index: number
  /** Lower case; undefined when it has none. */
  readonly name: string | undefined
  readonly from: FromInstruction
  /** Without the FROM. */
  readonly instructions: readonly Instruction[]
}

export interface Stages {
  /** The ARGs before the first FROM. */
  readonly globals: readonly ArgInstruction[]
  readonly stages: readonly Stage[]
  readonly diagnostics: readonly Diagnostic[]
}

/** Groups the instructions by FROM. Never throws: an instruction outside of any stage and repeated names are in the diagnostics. */
export function groupStages(dockerfile: Dockerfile): Stages {
  const globals: ArgInstruction[] = []
  const stages: (Stage & { instructions: Instruction[] })[] = []
  const diagnostics: Diagnostic[] = []
  let complained = false
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind === 'from') {
      const name = instruction.alias?.text.toLowerCase()
      if (name !== undefined) diagnostics.push(...repeatedName(name, instruction, stages))
      stages.push({ index: stages.length, name, from: instruction, instructions: [] })
    } else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction)
    else if (instruction.kind === 'arg') globals.push(instruction)
    else if (instruction.kind === 'invalid') {
      // It may have been meant as a FROM, and there is an error for it already.
      complained = true
    } else if (!complained) {
      complained = true
      diagnostics.push(missingStage(`${instruction.keyword.text.toUpperCase()} stands before the first FROM`, instruction))
    }
  }
  const last = dockerfile.instructions.at(-1)
  if (stages.length === 0 && last !== undefined && !complained) diagnostics.push(missingStage('The Dockerfile has no FROM', last))
  return { globals, stages, diagnostics }
}

function missingStage(message: string, { range }: Instruction): Diagnostic {
  const suggestion = 'Start with FROM and a base image, or FROM scratch; only ARG may stand before it.'
  return { severity: 'error', code: 'STAGE_MISSING', message, range, suggestion }
}

function repeatedName(name: string, { alias, range }: FromInstruction, stages: readonly Stage[]): Diagnostic[] {
  const earlier = stages.find((stage) => stage.name === name)
  if (earlier === undefined) return []
  return [
    {
      severity: 'warning',
      code: 'STAGE_REPEATED',
      message: `The stage name ${name} is already that of line ${earlier.from.range.start.line}`,
      range: alias?.range ?? range,
      suggestion: 'What follows sees the last stage of that name only: choose another one.',
    },
  ]
}
