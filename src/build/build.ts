import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import {
  DockerfileError,
  formatDiagnostic,
  globalScope,
  groupStages,
  parseDockerfile,
  isPredefined,
  platformArguments,
  reachableStages,
  resolveStages,
  selectTarget,
  type Dockerfile,
} from '../dockerfile/mod.ts'
import { acquireLock, randomName } from '../host/mod.ts'
import { codeOf, CodedError } from '../kit/mod.ts'
import {
  encodedOf,
  hostPlatform,
  parsePlatform,
  parseReference,
  type Descriptor,
  type Digest,
  type Platform,
  type Reference,
} from '../oci/mod.ts'
import type { ImageRecord, Store } from '../store/mod.ts'
import { BuildError } from './build-error.ts'
import { buildCache, MIGRATIONS } from './cache/build-cache.ts'
import { ContextTree, readIgnoreFile } from './context/context-tree.ts'
import { FileDigests } from './context/file-digests.ts'
import { exportImage } from './export/export-image.ts'
import { planStage, type BaseImage, type StagePlan } from './graph/plan.ts'
import type { OpTools } from './ops/tools.ts'
import { createSolver, type SolverEvents, type Vertex } from './solver/mod.ts'
import type { StepResult } from './step-result.ts'

export interface BuildRequest {
  /** The build context's directory. */
  readonly context: string
  /** Path of the Dockerfile; default `Dockerfile` (or `dockerfile`) in the context. */
  readonly file?: string | undefined
  readonly target?: string | undefined
  readonly buildArgs: Readonly<Record<string, string>>
  readonly tags: readonly Reference[]
  readonly noCache: boolean
  readonly pull: boolean
  readonly network: 'default' | 'host' | 'none'
  readonly platform: Platform
  readonly signal: AbortSignal
  readonly onEvent: (event: BuildEvent) => void
}

export interface BuildTools {
  readonly store: Store
  /** Finds a base image in the store or fetches manifest and config of it (layers come when a step needs files). From cli. */
  readonly resolveImage: (
    reference: Reference,
    options: { readonly platform: Platform; readonly pull: boolean; readonly signal: AbortSignal; readonly onText: (line: string) => void },
  ) => Promise<ImageRecord>
}

export interface BuildResult {
  readonly imageId: Digest
  readonly manifest: Descriptor
  readonly steps: number
  readonly cached: number
}

/** What a build tells while it goes on; a renderer makes `#N` lines or live bars of it. */
export type BuildEvent =
  | { readonly kind: 'started'; readonly id: number; readonly name: string }
  | { readonly kind: 'output'; readonly id: number; readonly fd: 1 | 2; readonly bytes: Uint8Array }
  | { readonly kind: 'status'; readonly id: number; readonly text: string }
  | { readonly kind: 'done'; readonly id: number; readonly cached: boolean; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'canceled'; readonly id: number }
  | { readonly kind: 'warning'; readonly text: string }

/**
 * Builds the target stage and everything that it needs; gives it its names. What has been done before, here or in another build, is not done again.
 * @throws BuildError, DockerfileError, and what the store and the runtime throw
 */
export async function build(request: BuildRequest, tools: BuildTools): Promise<BuildResult> {
  const { store } = tools
  store.database.migrate('build', MIGRATIONS)
  const file = findDockerfile(request)
  const source = readFileSync(file, 'utf8')
  const shown = relative(process.cwd(), file) || file
  const dockerfile = parseDockerfile(source)
  const stages = groupStages(dockerfile)
  complain([...dockerfile.diagnostics, ...stages.diagnostics], shown, source, request.onEvent)
  try {
    return await buildStages({ request, tools, dockerfile, stages, file, shown })
  } catch (error) {
    if (error instanceof DockerfileError && error.range !== undefined) {
      const text = formatDiagnostic(
        { severity: 'error', message: error.message, range: error.range, suggestion: error.hint },
        shown,
        source,
      )
      throw new BuildError('DOCKERFILE_INVALID', text, { cause: error })
    }
    throw error
  }
}

interface BuildInput {
  readonly request: BuildRequest
  readonly tools: BuildTools
  readonly dockerfile: Dockerfile
  readonly stages: ReturnType<typeof groupStages>
  readonly file: string
  readonly shown: string
}

async function buildStages({ request, tools, dockerfile, stages, file, shown }: BuildInput): Promise<BuildResult> {
  const { store } = tools
  const { onEvent, signal, buildArgs } = request
  const native = hostPlatform(process.platform, process.arch)
  const scope = globalScope(stages, {
    escape: dockerfile.escape,
    buildArgs,
    predefined: platformArguments({ build: native, target: request.platform, targetStage: request.target }),
  })
  warnUnused(dockerfile, buildArgs, onEvent)
  const resolved = resolveStages(stages, scope)
  const target = selectTarget(resolved, request.target)

  await using lease = await store.lease('build')
  const digests = new FileDigests(store.database)
  const reporter = new Reporter(
    onEvent,
    join(store.root, 'builds', `${new Date().toISOString().replaceAll(':', '-')}-${randomName().slice(0, 6)}`),
  )
  const opTools: OpTools = {
    store,
    lease,
    digests,
    context: new ContextTree(request.context, readIgnoreFile(request.context, file), digests),
    output: (step, fd, bytes) => reporter.output(step, fd, bytes),
  }
  const images = new Map<string, Promise<BaseImage>>()
  const image = (text: string, platform: string | undefined): Promise<BaseImage> => {
    const key = `${text} ${platform ?? ''}`
    let found = images.get(key)
    if (found === undefined) {
      found = baseImage(text, platform === undefined ? request.platform : parsePlatform(platform))
      images.set(key, found)
    }
    return found
  }
  const baseImage = async (text: string, platform: Platform): Promise<BaseImage> => {
    const record = await tools.resolveImage(parseReference(text), {
      platform,
      pull: request.pull,
      signal,
      onText: (line) => onEvent({ kind: 'warning', text: line }),
    })
    lease.hold(record.id, record.manifest.digest)
    const { manifest, config } = await store.images.read(record)
    lease.hold(...config.rootfs.diff_ids)
    return { record, manifest, config }
  }

  const network = request.network === 'none' ? 'none' : 'host'
  const plans = new Map<number, StagePlan>()
  const undefinedOnce = new Set<string>()
  for (const index of reachableStages(resolved, target)) {
    const stage = resolved[index]
    if (stage === undefined) continue
    const onUndefined = (name: string, line: number): void => {
      if (undefinedOnce.has(`${name}:${line}`)) return
      undefinedOnce.add(`${name}:${line}`)
      onEvent({ kind: 'warning', text: `${shown}:${line}: variable $${name} is not set` })
    }
    plans.set(
      index,
      await planStage({ dockerfile, stages, scope, buildArgs, network, tools: opTools, file: shown, image, onUndefined }, stage, plans),
    )
  }
  const plan = plans.get(target.index) as StagePlan
  reporter.beforeFirstRun = () => {
    if (request.network === 'default')
      onEvent({ kind: 'warning', text: 'RUN uses the host network for now (--network=host says so without this warning)' })
  }
  const solver = createSolver<StepResult>({
    cache: buildCache(store, lease),
    lookup: request.noCache ? 'ignore' : 'use',
    lock: async (key, abort) => {
      const lock = await acquireLock(join(store.root, 'locks', `build-${encodedOf(key)}`), { signal: abort })
      return { [Symbol.asyncDispose]: async () => lock.releaseAndRemove() }
    },
    slots: availableParallelism(),
    signal,
    events: reporter,
  })
  const solved = new Map<Vertex<StepResult>, StepResult>()
  const result = await solver.solve(plan.vertex)
  solved.set(plan.vertex, result)
  digests.save()
  const resultOf = async (vertex: Vertex<StepResult>): Promise<StepResult | undefined> =>
    solved.get(vertex) ?? solver.probe(vertex) ?? solver.solve(vertex)
  const { imageId, manifest } = await exportImage({ store, lease, plan, result, platform: request.platform, resultOf })
  // CRASH: layers reach the disk before a name says that they are there.
  if (reporter.ran > 0) await store.sync()
  for (const tag of request.tags) store.tags.set(tag, manifest, 'build')
  return { imageId, manifest, steps: reporter.ran + reporter.cached, cached: reporter.cached }
}

function findDockerfile(request: BuildRequest): string {
  let isDirectory = false
  try {
    isDirectory = statSync(request.context).isDirectory()
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  if (!isDirectory)
    throw new BuildError('CONTEXT_INVALID', `The build context ${request.context} is no directory`, {
      hint: "Give a directory; '.' is this one",
    })
  if (request.file !== undefined) {
    if (existsSync(request.file)) return request.file
    throw new BuildError('DOCKERFILE_MISSING', `There is no Dockerfile ${request.file}`, { hint: 'Give its path from here with --file' })
  }
  for (const name of ['Dockerfile', 'dockerfile', 'Containerfile']) {
    const path = join(request.context, name)
    if (existsSync(path)) return path
  }
  throw new BuildError('DOCKERFILE_MISSING', `There is no Dockerfile in ${request.context}`, {
    hint: 'Write one, or name another file with --file',
  })
}

function complain(diagnostics: Dockerfile['diagnostics'], file: string, source: string, onEvent: BuildRequest['onEvent']): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'warning') onEvent({ kind: 'warning', text: formatDiagnostic(diagnostic, file, source) })
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new BuildError('DOCKERFILE_INVALID', errors.map((error) => formatDiagnostic(error, file, source)).join('\n'))
}

function warnUnused(dockerfile: Dockerfile, buildArgs: Readonly<Record<string, string>>, onEvent: BuildRequest['onEvent']): void {
  const declared = new Set(
    dockerfile.instructions.flatMap((instruction) => (instruction.kind === 'arg' ? instruction.args.map(({ name }) => name.text) : [])),
  )
  for (const name of Object.keys(buildArgs)) {
    if (!declared.has(name) && !isPredefined(name)) onEvent({ kind: 'warning', text: `Build argument ${name} is declared by no ARG` })
  }
}

/** Numbers the steps in the order in which they are told, and keeps each one's whole output in a file. */
class Reporter implements SolverEvents<StepResult> {
  readonly #onEvent: BuildRequest['onEvent']
  readonly #logs: string
  readonly #ids = new Map<object, number>()
  beforeFirstRun: (() => void) | undefined
  ran = 0
  cached = 0

  constructor(onEvent: BuildRequest['onEvent'], logs: string) {
    this.#onEvent = onEvent
    this.#logs = logs
  }

  readonly onStart = (vertex: Vertex<StepResult>): void => {
    if (vertex.name === '') return
    if (/\] RUN /.test(vertex.name)) {
      this.beforeFirstRun?.()
      this.beforeFirstRun = undefined
    }
    this.#onEvent({ kind: 'started', id: this.#id(vertex), name: vertex.name })
  }

  readonly onCached = (vertex: Vertex<StepResult>): void => {
    if (vertex.name === '') return
    this.cached++
    const id = this.#id(vertex)
    this.#onEvent({ kind: 'started', id, name: vertex.name })
    this.#onEvent({ kind: 'done', id, cached: true, milliseconds: 0 })
  }

  readonly onDone = (vertex: Vertex<StepResult>, milliseconds: number): void => {
    if (vertex.name === '') return
    this.ran++
    this.#onEvent({ kind: 'done', id: this.#id(vertex), cached: false, milliseconds })
  }

  readonly onFail = (vertex: Vertex<StepResult>, error: unknown): void => {
    const message = error instanceof CodedError ? error.message : String(error)
    this.#onEvent({ kind: 'failed', id: this.#id(vertex), message })
  }

  readonly onCancel = (vertex: Vertex<StepResult>): void => {
    this.#onEvent({ kind: 'canceled', id: this.#id(vertex) })
  }

  output(step: object, fd: 1 | 2, bytes: Uint8Array): void {
    const id = this.#id(step)
    const log = join(this.#logs, `${id}.log`)
    mkdirSync(dirname(log), { recursive: true })
    appendFileSync(log, bytes)
    this.#onEvent({ kind: 'output', id, fd, bytes })
  }

  #id(vertex: object): number {
    const known = this.#ids.get(vertex)
    if (known !== undefined) return known
    this.#ids.set(vertex, this.#ids.size + 1)
    return this.#ids.size
  }
}
