import type { Instruction, ResolvedStage, Scope } from '../../dockerfile/mod.ts'
import { BuildError } from '../build-error.ts'
import type { Op, Vertex } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import type { BaseImage } from './base-image.ts'
import { locate, locatedOp, type Place } from './locate.ts'
import type { StageConfig } from './metadata.ts'
import type { PlanInput, StagePlan } from './plan.ts'

export interface HistoryItem {
  readonly createdBy: string
  readonly hasLayer: boolean
}

/** A stage while its instructions are carried out, one after the other. */
export class StageState {
  readonly input: PlanInput
  readonly stage: ResolvedStage
  readonly base: BaseImage | undefined
  readonly config: StageConfig
  readonly history: HistoryItem[]
  /** Every ARG so far, of the stages too that this one starts from; undefined: declared, but nobody gave it a value. */
  readonly args: Map<string, string | undefined>
  readonly places = new Map<object, Place>()
  vertex: Vertex<StepResult>
  /** Instructions that count as steps, the FROM included. */
  steps = 1
  #step = 1

  constructor(input: PlanInput, stage: ResolvedStage, start: StagePlan) {
    this.input = input
    this.stage = stage
    this.base = start.base
    this.config = start.config
    this.history = [...start.history]
    this.args = new Map(start.args)
    this.vertex = start.vertex
  }

  /** ENV wins over ARG, as documented. */
  get scope(): Scope {
    return {
      escape: this.input.dockerfile.escape,
      lookup: (name) => this.config.env(name) ?? this.args.get(name),
      onUndefined: (name, range) => this.input.onUndefined(name, range.start.line),
    }
  }

  place({ range }: Pick<Instruction, 'range'>): Place {
    return { file: this.input.file, source: this.input.dockerfile.source, range }
  }

  fail(instruction: Instruction, error: BuildError): never {
    throw locate(error, this.place(instruction))
  }

  unsupported(instruction: Instruction, what: string): never {
    return this.fail(
      instruction,
      new BuildError('UNSUPPORTED', `${what} is not supported yet`, { hint: 'docs/dockerfile.md lists what can be built' }),
    )
  }

  /** An instruction that makes no layer. */
  note(createdBy: string): void {
    this.history.push({ createdBy, hasLayer: false })
  }

  /** Counts a step that turned out to have nothing to do. */
  skip(): void {
    this.#step++
  }

  /** The base image is the stage's first step. */
  numberBase(): void {
    this.vertex = { ...this.vertex, name: this.#name(1, this.vertex.name) }
  }

  /** A step on top of what is there. */
  add(
    instruction: Instruction,
    step: {
      readonly text: string
      readonly createdBy: string
      readonly op: Op<StepResult>
      readonly inputs: readonly Vertex<StepResult>[]
    },
  ): Vertex<StepResult> {
    const place = this.place(instruction)
    const vertex = { name: this.#name(++this.#step, step.text), op: locatedOp(step.op, place), inputs: step.inputs }
    this.places.set(vertex, place)
    this.vertex = vertex
    this.history.push({ createdBy: step.createdBy, hasLayer: true })
    return vertex
  }

  #name(step: number, text: string): string {
    const isOnly = this.input.resolved.length === 1 && this.stage.name === undefined
    return `[${isOnly ? '' : `${this.stage.name ?? `stage-${this.stage.index}`} `}${step}/${this.steps}] ${text}`
  }
}

/** The instruction as written, on one line. */
export function stepText({ input }: StageState, { keyword, flags, rest }: Instruction): string {
  const written = flags.map(({ range }) => input.dockerfile.source.slice(range.start.offset, range.end.offset))
  return [keyword.text.toUpperCase(), ...written, rest.text].join(' ').replaceAll(/\s+/g, ' ').trim()
}
