import type { Platform } from '../../oci/mod.ts'
import {
  dependenciesOf,
  parseTrigger,
  type Dockerfile,
  type GlobalScope,
  type Instruction,
  type ResolvedStage,
  type StageDependency,
  type Stages,
  type StageSource,
} from '../../dockerfile/mod.ts'
import { DEFAULT_PATH } from '../../runtime/mod.ts'
import { baseOp, scratchOp } from '../ops/base.ts'
import type { OpTools } from '../ops/tools.ts'
import type { Vertex } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { BaseImage } from './base-image.ts'
import { carryOut } from './instructions.ts'
import { locating, type Place } from './locate.ts'
import { StageConfig } from './metadata.ts'
import { StageState, type HistoryItem } from './stage-state.ts'

/** A stage, planned: what is to be done for it, and the config that comes of it. Nothing has been done yet. */
export interface StagePlan {
  readonly vertex: Vertex<StepResult>
  readonly base: BaseImage | undefined
  readonly config: StageConfig
  /** After the base image's own; each that has a layer stands for one of `StepResult.built`, in order. */
  readonly history: readonly HistoryItem[]
  readonly args: ReadonlyMap<string, string | undefined>
}

export interface PlanInput {
  readonly dockerfile: Dockerfile
  readonly stages: Stages
  readonly resolved: readonly ResolvedStage[]
  readonly scope: GlobalScope
  readonly buildArgs: Readonly<Record<string, string>>
  readonly network: 'host' | 'none'
  readonly platform: Platform
  readonly noCache: boolean
  readonly tools: OpTools
  /** The Dockerfile's name for people. */
  readonly file: string
  /** `platform` as written in FROM. */
  readonly image: (reference: string, platform: string | undefined) => Promise<BaseImage>
  readonly onUndefined: (name: string, line: number) => void
}

export interface Planner {
  plan(index: number): Promise<StagePlan>
  /** The Dockerfile's lines of a step. */
  linesOf(vertex: object): { readonly first: number; readonly last: number } | undefined
}

/** Makes the graph, stage by stage, as far as it is asked for: a stage that nothing needs is never looked at. */
export function createPlanner(input: PlanInput): Planner {
  const plans = new Map<number, Promise<StagePlan>>()
  const lines = new Map<object, { readonly first: number; readonly last: number }>()

  function plan(index: number): Promise<StagePlan> {
    let found = plans.get(index)
    if (found === undefined) {
      found = planStage(input.resolved[index] as ResolvedStage)
      // Whoever needs it sees the error; it may be asked for before that.
      found.catch(() => {})
      plans.set(index, found)
    }
    return found
  }

  async function planStage(stage: ResolvedStage): Promise<StagePlan> {
    prefetch(stage)
    const { state, triggers } = await locating(placeOf(stage.from), () => startOf(stage))
    const instructions = [...triggers, ...stage.triggers, ...stage.instructions]
    const dependencies = [
      ...stage.dependencies,
      ...dependenciesOf(triggers, { stages: input.stages.stages, index: stage.index, scope: input.scope }),
    ]
    state.steps = 1 + instructions.filter(({ kind }) => kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir').length
    if (stage.base.kind === 'image') state.numberBase()
    const sources = (instruction: Instruction, from: string): Promise<Source> => {
      const found = dependencies.find((dependency) => dependency.instruction === instruction && dependency.word.text === from)
      return locating(placeOf(instruction), () => sourceOf(found as StageDependency))
    }
    for (const instruction of instructions) await carryOut(state, instruction, sources)
    for (const [vertex, { range }] of state.places) lines.set(vertex, { first: range.start.line, last: range.end.line })
    return { vertex: state.vertex, base: state.base, config: state.config, history: state.history, args: state.args }
  }

  function placeOf({ range }: Pick<Instruction, 'range'>): Place {
    return { file: input.file, source: input.dockerfile.source, range }
  }

  /** What the stage needs is looked for all at once. */
  function prefetch(stage: ResolvedStage): void {
    for (const { source } of stage.dependencies) if (source.kind === 'stage') void plan(source.index)
    for (const { source } of stage.dependencies) if (source.kind === 'image') input.image(source.reference, undefined).catch(() => {})
  }

  /** The state that a stage starts with, and the triggers that a base image brings. */
  async function startOf(stage: ResolvedStage): Promise<{ readonly state: StageState; readonly triggers: readonly Instruction[] }> {
    const { base, from } = stage
    if (base.kind === 'stage') {
      const start = await plan(base.index)
      const config = new StageConfig(start.config.config)
      config.author = start.config.author
      const state = new StageState(input, stage, { ...start, config })
      return { state, triggers: [] }
    }
    if (base.kind === 'scratch') {
      const config = new StageConfig({ Env: [`PATH=${DEFAULT_PATH}`], WorkingDir: '/' })
      const vertex = { name: '', op: scratchOp, inputs: [] }
      return { state: new StageState(input, stage, { vertex, base: undefined, config, history: [], args: new Map() }), triggers: [] }
    }
    const image = await input.image(base.reference, stage.platform)
    const config = new StageConfig(image.config.config ?? {})
    config.author = image.config.author
    if (config.env('PATH') === undefined) config.setEnv('PATH', DEFAULT_PATH)
    const triggers = (image.config.config?.OnBuild ?? []).map((text) => parseTrigger(text, from.range))
    const vertex = imageVertex(image, `FROM ${base.reference}`)
    return { state: new StageState(input, stage, { vertex, base: image, config, history: [], args: new Map() }), triggers }
  }

  async function sourceOf({ source }: StageDependency): Promise<Source> {
    if (source.kind === 'scratch') return { vertex: { name: '', op: scratchOp, inputs: [] }, name: 'scratch' }
    if (source.kind === 'stage') return { vertex: (await plan(source.index)).vertex, name: nameOf(source) }
    return { vertex: imageVertex(await input.image(source.reference, undefined), `FROM ${source.reference}`), name: source.reference }
  }

  function nameOf({ index }: Extract<StageSource, { kind: 'stage' }>): string {
    return `stage ${input.resolved[index]?.name ?? index}`
  }

  return { plan, linesOf: (vertex) => lines.get(vertex) }
}

/** Where `--from` leads. */
export interface Source {
  readonly vertex: Vertex<StepResult>
  /** For people. */
  readonly name: string
}

function imageVertex(image: BaseImage, name: string): Vertex<StepResult> {
  return { name, op: baseOp(image.config.rootfs.diff_ids), inputs: [] }
}
