import { closest } from '../kit/mod.ts'
import type { ArgDeclaration, Escape, Instruction, Word } from './ast.ts'
import { DockerfileError } from './errors.ts'
import { expandWord } from './expand.ts'
import type { Scope } from './expand.ts'
import { mountSource } from './mount.ts'
import type { Stage, Stages } from './stages.ts'

/** Where files come from: FROM, COPY --from, RUN --mount=from=. */
export type StageSource =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'scratch' }
  /** A named context, or an image's reference, as written and expanded. */
  | { readonly kind: 'image'; readonly reference: string }

export interface ResolvedStage extends Stage {
  readonly base: StageSource
  /** `--platform`, expanded. */
  readonly platform: string | undefined
  /** Instructions under ONBUILD of the base, when that is a stage of this file: to be run before all others. */
  readonly triggers: readonly Instruction[]
  /** What its triggers and instructions take files from, besides the base. */
  readonly dependencies: readonly StageDependency[]
}

export interface StageDependency {
  readonly instruction: Instruction
  /** The raw `--from`, or `from=` of a mount. */
  readonly word: Word
  readonly source: StageSource
}

/** The scope of FROM, --from and the defaults of global ARGs. */
export interface GlobalScope extends Scope {
  readonly values: ReadonlyMap<string, string>
}

/**
 * The values of the global arguments. `predefined` are the platform arguments; `buildArgs` win over defaults.
 * @throws DockerfileError EXPANSION_*
 */
export function globalScope(
  stages: Stages,
  options: {
    readonly escape: Escape
    readonly buildArgs: Readonly<Record<string, string>>
    readonly predefined: Readonly<Record<string, string>>
    readonly onUndefined?: Scope['onUndefined']
  },
): GlobalScope {
  const values = new Map(Object.entries(options.predefined))
  const given = (name: string): string | undefined => (Object.hasOwn(options.buildArgs, name) ? options.buildArgs[name] : undefined)
  for (const name of values.keys()) values.set(name, given(name) ?? values.get(name) ?? '')
  const scope = { escape: options.escape, lookup: (name: string) => values.get(name), onUndefined: options.onUndefined, values }
  for (const { name, value } of stages.globals.flatMap(({ args }) => args)) {
    const chosen = given(name.text) ?? (value === undefined ? undefined : expandWord(value, scope))
    if (chosen !== undefined) values.set(name.text, chosen)
  }
  return scope
}

/**
 * The value of an ARG in a stage: the build argument, else its own default, else the global argument of that name
 * (only one without a default inherits), else undefined: not set.
 * @throws DockerfileError EXPANSION_*, only when the default is needed
 */
export function argumentValue(
  { name, value }: ArgDeclaration,
  {
    buildArgs,
    globals,
    scope,
  }: { readonly buildArgs: Readonly<Record<string, string>>; readonly globals: GlobalScope; readonly scope: Scope },
): string | undefined {
  if (Object.hasOwn(buildArgs, name.text)) return buildArgs[name.text]
  return value === undefined ? globals.values.get(name.text) : expandWord(value, scope)
}

/**
 * Finds every stage's base and dependencies.
 * @throws DockerfileError BASE_INVALID, STAGE_SELF, STAGE_FORWARD, STAGE_UNKNOWN, EXPANSION_*, with the range
 */
export function resolveStages({ stages }: Stages, scope: GlobalScope): ResolvedStage[] {
  return stages.map((stage) => {
    const base = resolveBase(stages, stage, scope)
    const triggers =
      base.kind === 'stage'
        ? (stages[base.index]?.instructions ?? []).flatMap((instruction) =>
            instruction.kind === 'onbuild' ? [instruction.instruction] : [],
          )
        : []
    const platform = stage.from.platform === undefined ? undefined : nonBlank(stage.from.platform, 'platform', scope)
    const dependencies = dependenciesOf([...triggers, ...stage.instructions], { stages, index: stage.index, scope })
    return { ...stage, base, platform, triggers, dependencies }
  })
}

/** What these instructions take files from when they stand in stage `index`: also for the triggers of a base image. Throws as `resolveStages`. */
export function dependenciesOf(
  instructions: readonly Instruction[],
  { stages, index, scope }: { readonly stages: readonly Stage[]; readonly index: number; readonly scope: GlobalScope },
): StageDependency[] {
  return instructions.flatMap((instruction) =>
    sourceWords(instruction).map((word) => ({
      instruction,
      word,
      source: resolveSource(stages, index, nonBlank(word, 'source', scope), word),
    })),
  )
}

function sourceWords(instruction: Instruction): Word[] {
  if (instruction.kind === 'copy') return instruction.from === undefined ? [] : [instruction.from]
  if (instruction.kind === 'run') return instruction.mounts.map(mountSource).filter((word) => word !== undefined)
  return []
}

/** A base is looked for among the earlier stages by name only: an index is an image's name here. */
function resolveBase(stages: readonly Stage[], stage: Stage, scope: GlobalScope): StageSource {
  const reference = nonBlank(stage.from.image, 'base image', scope)
  const named = findStage(stages.slice(0, stage.index), reference)
  if (named !== undefined) return { kind: 'stage', index: named.index }
  return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference }
}

function resolveSource(stages: readonly Stage[], current: number, name: string, { range }: Word): StageSource {
  if (/^\d+$/.test(name)) {
    const index = Number(name)
    if (index >= stages.length) {
      throw new DockerfileError('STAGE_UNKNOWN', `No stage has the index ${name}: there are ${stages.length}, counted from 0`, { range })
    }
    return { kind: 'stage', index: checkEarlier(index, current, name, range) }
  }
  const found = findStage(stages.slice(0, current), name) ?? findStage(stages, name)
  if (found !== undefined) return { kind: 'stage', index: checkEarlier(found.index, current, name, range) }
  return name === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference: name }
}

function checkEarlier(index: number, current: number, name: string, range: Word['range']): number {
  if (index === current) throw new DockerfileError('STAGE_SELF', `The stage ${name} cannot take files from itself`, { range })
  if (index < current) return index
  throw new DockerfileError('STAGE_FORWARD', `The stage ${name} comes only after this one`, {
    range,
    hint: 'Move that stage before this one.',
  })
}

function nonBlank(word: Word, what: string, scope: GlobalScope): string {
  const text = expandWord(word, scope)
  if (text.trim() !== '') return text
  const options = Array.from(word.text.matchAll(/\$\{?(\w+)/g), ([, name]) => name ?? '').filter((name) => scope.lookup(name) === undefined)
  const [unset] = options
  const near = unset === undefined ? undefined : closest(unset, scope.values.keys())
  throw new DockerfileError('BASE_INVALID', `The ${what} ${JSON.stringify(word.text)} is blank after expansion`, {
    range: word.range,
    hint:
      near === undefined
        ? 'Only an ARG before the first FROM can be used here: give it a default there, or a value by --build-arg.'
        : `Did you mean ${near}?`,
  })
}

function findStage(stages: readonly Stage[], name: string): Stage | undefined {
  const wanted = name.toLowerCase()
  return stages.findLast((stage) => stage.name === wanted)
}

/**
 * The stage to build: the last one, or that of `--target` by name in any case, or by index.
 * @throws DockerfileError STAGE_UNKNOWN with the nearest name, STAGE_MISSING when there is no stage at all
 */
export function selectTarget<T extends Stage>(stages: readonly T[], target?: string): T {
  const last = stages.at(-1)
  if (last === undefined) throw new DockerfileError('STAGE_MISSING', 'The Dockerfile has no FROM')
  if (target === undefined || target === '') return last
  const found = findStage(stages, target) ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined)
  if (found !== undefined) return found as T
  const names = stages.flatMap(({ name }) => name ?? [])
  const near = closest(target, names)
  const known = names.length === 0 ? 'No stage has a name.' : `There are ${names.join(', ')}.`
  throw new DockerfileError('STAGE_UNKNOWN', `No stage is called ${JSON.stringify(target)}`, {
    hint: near === undefined ? known : `Did you mean ${near}?`,
  })
}

/** Indexes of all stages that `target` needs, itself included, in order. */
export function reachableStages(stages: readonly ResolvedStage[], target: Stage): number[] {
  const reached = new Set([target.index])
  // Every edge leads to an earlier stage, so one pass from the back is enough.
  for (let index = target.index; index >= 0; index--) {
    const stage = stages[index]
    if (stage === undefined || !reached.has(index)) continue
    for (const source of [stage.base, ...stage.dependencies.map((dependency) => dependency.source)]) {
      if (source.kind === 'stage') reached.add(source.index)
    }
  }
  return [...reached].toSorted((a, b) => a - b)
}
