import {
  argumentValue,
  createdBy,
  expandWord,
  type ArgInstruction,
  type Instruction,
  type WorkdirInstruction,
} from '../../dockerfile/mod.ts'
import { workdirOp } from '../ops/workdir.ts'
import { carryOutCopy } from './copy-instruction.ts'
import type { Source } from './plan.ts'
import { carryOutRun } from './run-instruction.ts'
import type { StageState } from './stage-state.ts'

/** What an instruction's `--from` or `from=`, as written, leads to. */
export type SourceFinder = (instruction: Instruction, from: string) => Promise<Source>

/** Carries out one instruction on the stage: its config, its history, its steps. @throws BuildError, DockerfileError */
export async function carryOut(state: StageState, instruction: Instruction, sources: SourceFinder): Promise<void> {
  const text = state.config.apply(instruction, state.scope)
  if (text !== false) {
    if (text !== undefined) state.note(text)
    return
  }
  if (instruction.kind === 'arg') return carryOutArg(state, instruction)
  if (instruction.kind === 'workdir') return carryOutWorkdir(state, instruction)
  if (instruction.kind === 'run') return carryOutRun(state, instruction, sources)
  if (instruction.kind === 'copy' || instruction.kind === 'add') return carryOutCopy(state, instruction, sources)
  state.unsupported(instruction, `${instruction.keyword.text.toUpperCase()} here`)
}

function carryOutArg(state: StageState, instruction: ArgInstruction): void {
  const { buildArgs, scope: globals } = state.input
  const args = instruction.args.map((declaration) => {
    const value = argumentValue(declaration, { buildArgs, globals, scope: state.scope })
    state.args.set(declaration.name.text, value)
    return { name: declaration.name.text, value }
  })
  state.note(createdBy({ kind: 'arg', args }))
}

function carryOutWorkdir(state: StageState, instruction: WorkdirInstruction): void {
  const path = state.config.setWorkdir(expandWord(instruction.path, state.scope))
  const by = createdBy({ kind: 'workdir', path })
  if (path === '/') {
    state.skip()
    return state.note(by)
  }
  const op = workdirOp(state.input.tools, { path, user: state.config.config.User ?? '' })
  state.add(instruction, { text: `WORKDIR ${path}`, createdBy: by, op, inputs: [state.vertex] })
}
