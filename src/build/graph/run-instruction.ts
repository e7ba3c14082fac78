import { formatPlatform } from '../../oci/mod.ts'
import {
  createdBy,
  expandWord,
  joinWorkdir,
  mountSource,
  parseMount,
  proxyEnvironment,
  type Mount,
  type RunInstruction,
  type Word,
} from '../../dockerfile/mod.ts'
import { copyOp } from '../ops/copy.ts'
import { MOUNT_PLACE, type RunMount } from '../ops/mounts.ts'
import { runOp } from '../ops/run.ts'
import type { Vertex } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { SourceFinder } from './instructions.ts'
import { locatedOp } from './locate.ts'
import type { Source } from './plan.ts'
import { stepText, type StageState } from './stage-state.ts'

const HOSTNAME = 'buildkitsandbox'

/** SPEC: Dockerfile reference, "RUN". */
export async function carryOutRun(state: StageState, instruction: RunInstruction, find: SourceFinder): Promise<void> {
  if (instruction.devices.length > 0) state.unsupported(instruction, 'RUN --device')
  if (instruction.security === 'insecure') state.unsupported(instruction, 'RUN --security=insecure')
  const { config, input } = state
  const { command } = instruction
  const mounts = await mountsOf(state, instruction, find)
  const argv = command.form === 'script' ? [`/dev/pipes/${command.heredoc.name}`] : config.argv(command)
  const args = [...state.args].map(([name, value]) => ({ name, value }))
  const given = args.flatMap(({ name, value }) => (value === undefined || config.env(name) !== undefined ? [] : [`${name}=${value}`]))
  const op = runOp(input.tools, {
    argv,
    env: [...given, ...(config.config.Env ?? [])],
    proxies: proxyEnvironment(input.buildArgs),
    cwd: config.workdir,
    user: config.config.User ?? '',
    hostname: input.buildArgs['BUILDKIT_SANDBOX_HOSTNAME'] ?? HOSTNAME,
    network: instruction.network === undefined || instruction.network === 'default' ? input.network : instruction.network,
    platform: formatPlatform(input.platform),
    mounts: mounts.mounts,
    script: command.form === 'script' ? { name: command.heredoc.name, content: command.heredoc.content } : undefined,
    emptyCaches: input.noCache,
  })
  const inputs = [state.vertex, ...mounts.inputs]
  state.add(instruction, { text: stepText(state, instruction), createdBy: createdBy({ kind: 'run', argv, args }), op, inputs })
}

interface Mounts {
  readonly mounts: readonly RunMount[]
  readonly inputs: readonly Vertex<StepResult>[]
}

async function mountsOf(state: StageState, instruction: RunInstruction, find: SourceFinder): Promise<Mounts> {
  const mounts: RunMount[] = []
  const inputs: Vertex<StepResult>[] = []
  for (const word of instruction.mounts) {
    const mount = parseMount(word, (value) => expandWord({ text: value, range: word.range }, state.scope))
    const from = await fromOf(instruction, word, find)
    const filesAt = (source: string): number => inputs.push(filesVertex(state, instruction, source, from)) - 1
    mounts.push(runMount(state, instruction, { mount, hasFrom: from !== undefined, filesAt }))
  }
  return { mounts, inputs }
}

async function fromOf(instruction: RunInstruction, word: Word, find: SourceFinder): Promise<Source | undefined> {
  const from = mountSource(word)
  return from === undefined ? undefined : find(instruction, from.text)
}

/** The files of a mount as a layer of their own, made as COPY --link makes one. */
function filesVertex(state: StageState, instruction: RunInstruction, source: string, from: Source | undefined): Vertex<StepResult> {
  const op = copyOp(state.input.tools, {
    unpacks: false,
    sources: [source === '' ? '/' : source],
    inline: [],
    destination: MOUNT_PLACE,
    chown: undefined,
    chmod: undefined,
    excludes: [],
    from: from?.name,
    link: true,
  })
  return { name: '', op: locatedOp(op, state.place(instruction)), inputs: from === undefined ? [] : [from.vertex] }
}

interface MountRequest {
  readonly mount: Mount
  readonly hasFrom: boolean
  /** Adds an input of these files and gives its place. */
  readonly filesAt: (source: string) => number
}

function runMount(state: StageState, instruction: RunInstruction, { mount, hasFrom, filesAt }: MountRequest): RunMount {
  const { type } = mount
  if (type === 'secret' || type === 'ssh') return state.unsupported(instruction, `RUN --mount=type=${type}`)
  const target = joinWorkdir(state.config.workdir, mount.target)
  switch (mount.type) {
    case 'bind':
      return { kind: 'bind', target, key: `bind ${target} ${mount.readOnly}`, input: filesAt(mount.source), readOnly: mount.readOnly }
    case 'tmpfs':
      if (mount.size !== undefined) return state.unsupported(instruction, 'RUN --mount=type=tmpfs with a size')
      return { kind: 'tmpfs', target, key: `tmpfs ${target}` }
    case 'cache': {
      const { sharing, readOnly, mode, uid, gid } = mount
      const namespace = state.input.buildArgs['BUILDKIT_CACHE_MOUNT_NS'] ?? ''
      const input = hasFrom ? filesAt(mount.source) : undefined
      // What a cache holds, and how it is kept, is no part of the key.
      return {
        kind: 'cache',
        target,
        key: `cache ${target} ${readOnly}`,
        id: `${namespace} ${mount.id ?? target}`,
        sharing,
        readOnly,
        mode,
        uid,
        gid,
        input,
      }
    }
    default:
      return mount satisfies never
  }
}
