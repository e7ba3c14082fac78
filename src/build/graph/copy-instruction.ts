import { createdBy, expandHeredoc, expandWord, joinDestination, type AddInstruction, type CopyInstruction } from '../../dockerfile/mod.ts'
import { BuildError } from '../build-error.ts'
import { stackOp } from '../ops/base.ts'
import { copyOp } from '../ops/copy.ts'
import type { SourceFinder } from './instructions.ts'
import { locating } from './locate.ts'
import { stepText, type StageState } from './stage-state.ts'

/** SPEC: Dockerfile reference, "COPY" and "ADD". */
export async function carryOutCopy(state: StageState, instruction: CopyInstruction | AddInstruction, find: SourceFinder): Promise<void> {
  const { scope, input } = state
  const keyword = instruction.kind.toUpperCase()
  if (instruction.parents) state.unsupported(instruction, `${keyword} --parents`)
  const sources = instruction.sources.flatMap((source) => (source.kind === 'word' ? [expandWord(source.word, scope)] : []))
  const inline = instruction.sources.flatMap((source) =>
    source.kind === 'heredoc' ? [{ name: source.heredoc.name, content: expandHeredoc(source.heredoc, scope) }] : [],
  )
  if (instruction.kind === 'add') refuseRemote(state, instruction, sources)
  const target = expandWord(instruction.destination, scope)
  const destination = joinDestination(state.config.workdir, target)
  if (sources.length + inline.length > 1 && !destination.endsWith('/')) {
    const problem = `${keyword} of several sources needs a directory as its destination, and ${target} does not end in /`
    state.fail(instruction, new BuildError('DOCKERFILE_INVALID', problem, { hint: `Write ${target}/` }))
  }
  const chown = instruction.chown === undefined ? undefined : expandWord(instruction.chown, scope)
  const chmod = instruction.chmod === undefined ? undefined : expandWord(instruction.chmod, scope)
  const from = instruction.kind === 'copy' && instruction.from !== undefined ? await find(instruction, instruction.from.text) : undefined
  const step = {
    unpacks: instruction.kind === 'add' && instruction.unpack !== false,
    sources,
    inline,
    destination,
    chown,
    chmod,
    excludes: instruction.excludes.map(({ text }) => text),
    from: from?.name,
    link: instruction.link,
  }
  const op = await locating(state.place(instruction), () => copyOp(input.tools, step))
  const below = state.vertex
  const added = state.add(instruction, {
    text: stepText(state, instruction),
    createdBy: createdBy({ kind: instruction.kind, sources, heredocs: inline.map(({ name }) => name), destination: target, chown, chmod }),
    op,
    inputs: [...(instruction.link ? [] : [below]), ...(from === undefined ? [] : [from.vertex])],
  })
  if (instruction.link) state.vertex = { name: '', op: stackOp, inputs: [below, added] }
}

function refuseRemote(state: StageState, instruction: AddInstruction, sources: readonly string[]): void {
  if (instruction.checksum !== undefined) state.unsupported(instruction, 'ADD --checksum')
  if (instruction.keepGitDir !== undefined) state.unsupported(instruction, 'ADD --keep-git-dir')
  const remote = sources.find((source) => /^(?:https?|git|ssh):\/\/|^git@/.test(source))
  if (remote !== undefined) state.unsupported(instruction, `ADD of ${remote}`)
}
