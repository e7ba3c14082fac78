import {
  argumentValue,
  createdBy,
  dependenciesOf,
  expandHeredoc,
  expandWord,
  joinDestination,
  parseTrigger,
  proxyEnvironment,
  type ArgumentValue,
  type CopyInstruction,
  type AddInstruction,
  type Dockerfile,
  type GlobalScope,
  type Instruction,
  type ResolvedStage,
  type RunInstruction,
  type Scope,
  type StageDependency,
  type Stages,
  type StageSource,
} from '../../dockerfile/mod.ts'
import { DEFAULT_PATH } from '../../runtime/mod.ts'
import type { HistoryEntry, ImageConfig, Manifest } from '../../oci/mod.ts'
import type { ImageRecord } from '../../store/mod.ts'
import { BuildError } from '../build-error.ts'
import { baseOp, scratchOp } from '../ops/base.ts'
import { copyOp } from '../ops/copy.ts'
import { runOp } from '../ops/run.ts'
import type { OpTools } from '../ops/tools.ts'
import { workdirOp } from '../ops/workdir.ts'
import type { Vertex } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import { StageConfig } from './metadata.ts'

export interface BaseImage {
  readonly record: ImageRecord
  readonly manifest: Manifest
  readonly config: ImageConfig
}

export interface HistoryItem {
  readonly createdBy: string
  /** The step that made this entry's layer; undefined: it made none. */
  readonly vertex: Vertex<StepResult> | undefined
}

/** A stage, planned: what is to be done for it, and the config that comes of it. Nothing has been done yet. */
export interface StagePlan {
  readonly stage: ResolvedStage
  readonly vertex: Vertex<StepResult>
  readonly base: BaseImage | undefined
  readonly config: StageConfig
  readonly history: readonly HistoryItem[]
  readonly args: ReadonlyMap<string, string | undefined>
  readonly author: string | undefined
}

export interface PlanInput {
  readonly dockerfile: Dockerfile
  readonly stages: Stages
  readonly scope: GlobalScope
  readonly buildArgs: Readonly<Record<string, string>>
  readonly network: 'host' | 'none'
  readonly tools: OpTools
  readonly file: string
  readonly image: (reference: string, platform: string | undefined) => Promise<BaseImage>
  readonly onUndefined: (name: string, line: number) => void
}

/** Makes the graph of one stage; `earlier` are the plans of the stages that it needs. */
export async function planStage(input: PlanInput, stage: ResolvedStage, earlier: ReadonlyMap<number, StagePlan>): Promise<StagePlan> {
  return new StagePlanner(input, stage, earlier).plan()
}

class StagePlanner {
  readonly #input: PlanInput
  readonly #stage: ResolvedStage
  readonly #earlier: ReadonlyMap<number, StagePlan>
  readonly #history: HistoryItem[] = []
  readonly #args = new Map<string, string | undefined>()
  #config = new StageConfig({})
  #vertex: Vertex<StepResult> = { name: '', op: scratchOp, inputs: [] }
  #base: BaseImage | undefined
  #step = 1
  #steps = 1

  constructor(input: PlanInput, stage: ResolvedStage, earlier: ReadonlyMap<number, StagePlan>) {
    this.#input = input
    this.#stage = stage
    this.#earlier = earlier
  }

  async plan(): Promise<StagePlan> {
    const stage = this.#stage
    const triggers = await this.#start()
    const dependencies = [...stage.dependencies, ...triggers.dependencies]
    const instructions = [...triggers.instructions, ...stage.triggers, ...stage.instructions]
    this.#steps = 1 + instructions.filter(({ kind }) => ['run', 'copy', 'add', 'workdir'].includes(kind)).length
    for (const instruction of instructions) await this.#instruction(instruction, dependencies)
    return {
      stage,
      vertex: this.#vertex,
      base: this.#base,
      config: this.#config,
      history: this.#history,
      args: this.#args,
      author: this.#config.author,
    }
  }

  /** Takes over what the stage starts from; gives the triggers that a base image carries. */
  async #start(): Promise<{ readonly instructions: readonly Instruction[]; readonly dependencies: readonly StageDependency[] }> {
    const { base, from } = this.#stage
    const none = { instructions: [], dependencies: [] }
    if (base.kind === 'scratch') {
      this.#config.setEnv('PATH', DEFAULT_PATH)
      this.#config.config.WorkingDir = '/'
      return none
    }
    if (base.kind === 'stage') {
      const plan = this.#earlier.get(base.index) as StagePlan
      this.#config = new StageConfig(plan.config.config)
      this.#config.author = plan.author
      this.#vertex = plan.vertex
      this.#base = plan.base
      this.#history.push(...plan.history)
      // SPEC: Dockerfile reference, "ARG": in scope in stages that start from this one.
      for (const [name, value] of plan.args) this.#args.set(name, value)
      return none
    }
    const image = await this.#input.image(base.reference, this.#stage.platform)
    this.#base = image
    this.#config = new StageConfig(image.config.config ?? {})
    if (this.#config.env('PATH') === undefined) this.#config.setEnv('PATH', DEFAULT_PATH)
    this.#vertex = { name: this.#name(1, `FROM ${base.reference}`), op: baseOp(this.#input.tools, image.record, image), inputs: [] }
    const instructions = (image.config.config?.OnBuild ?? []).map((text) => parseTrigger(text, from.range, this.#input.dockerfile.escape))
    const { stages } = this.#input.stages
    return { instructions, dependencies: dependenciesOf(instructions, { stages, index: this.#stage.index, scope: this.#input.scope }) }
  }

  async #instruction(instruction: Instruction, dependencies: readonly StageDependency[]): Promise<void> {
    const scope = this.#scope()
    const text = this.#config.apply(instruction, scope)
    if (text !== false) {
      if (text !== undefined) this.#history.push({ createdBy: text, vertex: undefined })
      return
    }
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the default is everything else
    switch (instruction.kind) {
      case 'arg': {
        const values = instruction.args.map((declaration) => {
          const value = argumentValue(declaration, { buildArgs: this.#input.buildArgs, globals: this.#input.scope, scope: this.#scope() })
          this.#args.set(declaration.name.text, value)
          return { name: declaration.name.text, value }
        })
        this.#history.push({ createdBy: createdBy({ kind: 'arg', args: values }), vertex: undefined })
        return
      }
      case 'workdir': {
        const path = this.#config.setWorkdir(expandWord(instruction.path, scope))
        const by = createdBy({ kind: 'workdir', path })
        if (path === '/') {
          this.#step++
          this.#history.push({ createdBy: by, vertex: undefined })
          return
        }
        return this.#add(`WORKDIR ${path}`, by, workdirOp(this.#input.tools, { path, user: this.#config.config.User ?? '' }), [])
      }
      case 'run':
        return this.#run(instruction)
      case 'copy':
      case 'add':
        return this.#copy(instruction, scope, dependencies)
      default:
        throw this.#unsupported(instruction, `${instruction.keyword.text.toUpperCase()} here`)
    }
  }

  #run(instruction: RunInstruction): void {
    if (instruction.mounts.length > 0) throw this.#unsupported(instruction, 'RUN --mount')
    if (instruction.devices.length > 0) throw this.#unsupported(instruction, 'RUN --device')
    if (instruction.security === 'insecure') throw this.#unsupported(instruction, 'RUN --security=insecure')
    const { command } = instruction
    const argv = command.form === 'script' ? [`/dev/pipes/${command.heredoc.name}`] : this.#config.argv(command)
    const args: ArgumentValue[] = [...this.#args].map(([name, value]) => ({ name, value }))
    const given = args.flatMap(({ name, value }) =>
      value === undefined || this.#config.env(name) !== undefined ? [] : [`${name}=${value}`],
    )
    const owner = {}
    const op = runOp(this.#input.tools, {
      argv,
      env: [...given, ...(this.#config.config.Env ?? [])],
      proxies: proxyEnvironment(this.#input.buildArgs),
      cwd: this.#config.workdir,
      user: this.#config.config.User ?? '',
      network: instruction.network === undefined || instruction.network === 'default' ? this.#input.network : instruction.network,
      script: command.form === 'script' ? { name: command.heredoc.name, content: command.heredoc.content } : undefined,
      text: oneLine(instruction.rest.text),
      where: this.#where(instruction),
      owner,
    })
    this.#add(`RUN ${oneLine(instruction.rest.text)}`, createdBy({ kind: 'run', argv, args }), op, [], owner)
  }

  async #copy(instruction: CopyInstruction | AddInstruction, scope: Scope, dependencies: readonly StageDependency[]): Promise<void> {
    const kind = instruction.kind
    const upper = kind.toUpperCase()
    if (instruction.link && instruction.kind === 'copy' && instruction.from !== undefined)
      throw this.#unsupported(instruction, 'COPY --link with --from')
    if (instruction.parents) throw this.#unsupported(instruction, `${upper} --parents`)
    const sources = instruction.sources.flatMap((source) => (source.kind === 'word' ? [expandWord(source.word, scope)] : []))
    const inline = instruction.sources.flatMap((source) =>
      source.kind === 'heredoc' ? [{ name: source.heredoc.name, content: expandHeredoc(source.heredoc, scope) }] : [],
    )
    if (kind === 'add') {
      if (instruction.checksum !== undefined) throw this.#unsupported(instruction, 'ADD --checksum')
      const remote = sources.find((source) => /^(https?|git|ssh):\/\/|^git@/.test(source))
      if (remote !== undefined) throw this.#unsupported(instruction, `ADD of ${remote}`)
    }
    const destination = joinDestination(this.#config.workdir, expandWord(instruction.destination, scope))
    if (sources.length + inline.length > 1 && !destination.endsWith('/')) {
      throw new BuildError(
        'DOCKERFILE_INVALID',
        `${this.#where(instruction)}: ${upper} of several sources needs a directory as its destination: ${destination}`,
        { hint: `Write ${destination}/` },
      )
    }
    const chown = instruction.chown === undefined ? undefined : expandWord(instruction.chown, scope)
    const chmod = instruction.chmod === undefined ? undefined : expandWord(instruction.chmod, scope)
    const from =
      instruction.kind === 'copy' && instruction.from !== undefined
        ? dependencies.find((found) => found.instruction === instruction)?.source
        : undefined
    const inputs = from === undefined ? [] : [await this.#sourceVertex(from)]
    const op = copyOp(this.#input.tools, {
      unpacks: kind === 'add' && instruction.unpack !== false,
      sources,
      inline,
      destination,
      chown,
      chmod,
      excludes: instruction.excludes.map(({ text }) => text),
      fromInput: from !== undefined,
    })
    const flags = instruction.flags
      .map((flag) => this.#input.dockerfile.source.slice(flag.range.start.offset, flag.range.end.offset))
      .join(' ')
    const by = createdBy({
      kind,
      sources,
      heredocs: inline.map(({ name }) => name),
      destination: expandWord(instruction.destination, scope),
      chown,
      chmod,
    })
    this.#add(`${upper} ${flags === '' ? '' : `${flags} `}${oneLine(instruction.rest.text)}`, by, op, inputs)
  }

  async #sourceVertex(source: StageSource): Promise<Vertex<StepResult>> {
    if (source.kind === 'stage') return (this.#earlier.get(source.index) as StagePlan).vertex
    if (source.kind === 'scratch') return { name: '', op: scratchOp, inputs: [] }
    const image = await this.#input.image(source.reference, undefined)
    return { name: `FROM ${source.reference}`, op: baseOp(this.#input.tools, image.record, image), inputs: [] }
  }

  #add(text: string, by: string, op: Vertex<StepResult>['op'], inputs: readonly Vertex<StepResult>[], owner: object = {}): void {
    const vertex: Vertex<StepResult> = Object.assign(owner, { name: this.#name(++this.#step, text), op, inputs: [this.#vertex, ...inputs] })
    this.#vertex = vertex
    this.#history.push({ createdBy: by, vertex })
  }

  /** ENV wins over ARG, as documented. */
  #scope(): Scope {
    return {
      escape: this.#input.dockerfile.escape,
      lookup: (name) => this.#config.env(name) ?? this.#args.get(name),
      onUndefined: (name, range) => this.#input.onUndefined(name, range.start.line),
    }
  }

  #name(step: number, text: string): string {
    const { stages } = this.#input.stages
    const label = stages.length === 1 && this.#stage.name === undefined ? '' : `${this.#stage.name ?? `stage-${this.#stage.index}`} `
    return `[${label}${step}/${this.#steps}] ${text}`
  }

  #where(instruction: Instruction): string {
    return `${this.#input.file}:${instruction.range.start.line}`
  }

  #unsupported(instruction: Instruction, what: string): BuildError {
    return new BuildError('UNSUPPORTED', `${this.#where(instruction)}: ${what} is not supported yet`, {
      hint: 'docs/dockerfile.md lists what can be built',
    })
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** The base image's own history, as it is. */
export function baseHistory(plan: StagePlan): readonly HistoryEntry[] {
  return plan.base?.config.history ?? []
}
