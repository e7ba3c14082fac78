import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { globalScope, isPredefined, platformArguments, resolveStages, selectTarget, type Stages } from '../dockerfile/mod.ts'
import { acquireLock } from '../host/mod.ts'
import { encodedOf, familiarReference, hostPlatform, type Descriptor, type Digest, type Platform, type Reference } from '../oci/mod.ts'
import type { ImageRecord, Lease, Store } from '../store/mod.ts'
import { digestBytes } from '../stream/mod.ts'
import { baseImages } from './base-images.ts'
import { BuildError } from './build-error.ts'
import type { BuildEvent } from './build-event.ts'
import { buildCache } from './cache/build-cache.ts'
import { MIGRATIONS } from './cache/schema.ts'
import { ContextTree, readIgnoreFile } from './context/context-tree.ts'
import { FileDigests } from './context/file-digests.ts'
import { exportImage, findNamed, names } from './export/export-image.ts'
import { configOf } from './export/image-documents.ts'
import { locate } from './graph/locate.ts'
import { createPlanner, type Planner } from './graph/plan.ts'
import type { OpTools } from './ops/tools.ts'
import { Progress } from './progress.ts'
import { readDockerfile, type ReadDockerfile } from './read-dockerfile.ts'
import { createSolver, type Solver } from './solver/mod.ts'
import { StepLogs } from './step-logs.ts'
import type { StepResult } from './step-result.ts'

export type { BuildEvent } from './build-event.ts'

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
  /** Brings the blobs (or unpacked layers) that resolveImage left out. Undefined: it leaves nothing out. */
  readonly ensureLayers?: (record: ImageRecord, options: { readonly lease: Lease; readonly signal: AbortSignal }) => Promise<void>
}

export interface BuildResult {
  readonly imageId: Digest
  readonly manifest: Descriptor
  /** Steps of the target and all that it needs. */
  readonly steps: number
  /** How many of them were done before. */
  readonly cached: number
}

/**
 * Builds the target stage and everything that it needs; gives it its names. What has been done before, here or in another build, is not done again.
 * A build with nothing to do writes nothing. Killed at any moment, it leaves a store that holds what was done so far, and no name of it.
 * @throws BuildError, and what the store and the runtime throw
 */
export async function build(request: BuildRequest, tools: BuildTools): Promise<BuildResult> {
  const { store } = tools
  store.database.migrate('build', MIGRATIONS)
  await using work = new BuildWork(request, tools)
  const read = await work.progress.during('[internal] load build definition from Dockerfile', () =>
    readDockerfile(request.context, request.file),
  )
  for (const text of read.warnings) work.progress.warn(text)
  try {
    return await work.run(read)
  } catch (error) {
    request.signal.throwIfAborted()
    throw locate(error, { file: read.shown, source: read.dockerfile.source, range: undefined })
  }
}

const HOST_NETWORK = 'RUN uses the host network for now (--network=host says so without this warning)'

class BuildWork implements AsyncDisposable {
  readonly #request: BuildRequest
  readonly #tools: BuildTools
  readonly #logs: StepLogs
  readonly #digests: FileDigests
  readonly progress: Progress
  readonly #images
  #lease: Promise<Lease> | undefined
  /** Known once the lease has been taken. */
  #taken: Lease | undefined

  constructor(request: BuildRequest, tools: BuildTools) {
    this.#request = request
    this.#tools = tools
    this.#logs = new StepLogs(tools.store.root)
    this.#digests = new FileDigests(tools.store.database)
    this.progress = new Progress(request.onEvent, this.#logs)
    this.#images = baseImages(request, tools, this.progress)
  }

  async run(read: ReadDockerfile): Promise<BuildResult> {
    const { progress } = this
    const { tags, platform } = this.#request
    const planner = this.#planner(read)
    const plan = await planner.plan()
    const solver = this.#solver(planner)
    const finished = (imageId: Digest, manifest: Descriptor): BuildResult => {
      const { ran, cached } = progress
      return { imageId, manifest, steps: ran + cached, cached }
    }

    const before = await solver.probe(plan.vertex)
    if (before !== undefined) {
      const imageId = digestBytes(configOf(plan, before, platform))
      const record = findNamed(this.#tools.store, imageId, tags)
      if (record !== undefined) {
        solver.tellCached(plan.vertex)
        return progress.during('exporting to image', (say) => {
          say(`image ${imageId} is there already`)
          return finished(imageId, record.manifest)
        })
      }
    }

    await this.#takeLease()
    const result = await solver.solve(plan.vertex)
    return progress.during('exporting to image', async (say) => {
      const { store } = this.#tools
      const lease = await this.#takeLease()
      const config = configOf(plan, result, platform)
      const id = digestBytes(config)
      const manifest = await exportImage(store, lease, { id, config, plan, result })
      say(`writing image ${id}`)
      for (const tag of tags) {
        if (!names(store, tag, id)) store.tags.set(tag, manifest, 'build')
        say(`naming to ${familiarReference(tag)}`)
      }
      return finished(id, manifest)
    })
  }

  /** What has been learned of the context's files is kept, also when the build failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#digests.save()
    if (this.#lease !== undefined) await (await this.#lease)[Symbol.asyncDispose]()
  }

  #takeLease(): Promise<Lease> {
    this.#lease ??= this.#tools.store.lease('build').then((lease) => {
      this.#images.hold(lease)
      this.#taken = lease
      return lease
    })
    return this.#lease
  }

  #planner({ dockerfile, stages, path, shown }: ReadDockerfile): { plan: () => ReturnType<Planner['plan']>; linesOf: Planner['linesOf'] } {
    const { context, buildArgs, platform, network, noCache, target } = this.#request
    const { progress } = this
    for (const name of unusedArguments(stages, buildArgs)) progress.warn(`Build argument ${name} is declared by no ARG`)
    const scope = globalScope(stages, {
      escape: dockerfile.escape,
      buildArgs,
      predefined: platformArguments({ build: hostPlatform(process.platform, process.arch), target: platform, targetStage: target }),
    })
    const resolved = resolveStages(stages, scope)
    const { index } = selectTarget(resolved, target)
    const opTools: OpTools = {
      store: this.#tools.store,
      lease: () => this.#takeLease(),
      context: new ContextTree(context, readIgnoreFile(context, path), this.#digests),
      digests: this.#digests,
      unpacked: async (result, signal) => this.#images.unpacked(result, await this.#takeLease(), signal),
      onRun: (used) => {
        if (used === 'host' && network === 'default') progress.warn(HOST_NETWORK)
      },
      output: (vertex, fd, bytes) => progress.output(vertex, fd, bytes),
      clampTo: sourceDateEpoch(scope.values.get('SOURCE_DATE_EPOCH') ?? buildArgs['SOURCE_DATE_EPOCH']),
    }
    const planner = createPlanner({
      dockerfile,
      stages,
      resolved,
      scope,
      buildArgs,
      network: network === 'none' ? 'none' : 'host',
      platform,
      noCache,
      tools: opTools,
      file: shown,
      image: (reference, wanted) => this.#images.find(reference, wanted),
      onUndefined: (name, line) => progress.warn(`${shown}:${line}: variable $${name} is not set`),
    })
    return { plan: () => planner.plan(index), linesOf: planner.linesOf }
  }

  #solver({ linesOf }: Pick<Planner, 'linesOf'>): Solver<StepResult> {
    const { noCache, signal } = this.#request
    const { store } = this.#tools
    return createSolver<StepResult>({
      cache: buildCache({
        store,
        lease: () => this.#taken,
        detailsOf: (vertex) => ({ log: this.#logs.find(vertex), lines: linesOf(vertex) }),
      }),
      lookup: noCache ? 'ignore' : 'use',
      lock: async (key, abort) => {
        const lock = await acquireLock(join(store.root, 'locks', `build-${encodedOf(key)}`), { signal: abort })
        return { [Symbol.asyncDispose]: async () => lock.releaseAndRemove() }
      },
      slots: Math.max(2, availableParallelism()),
      signal,
      events: this.progress,
    })
  }
}

function unusedArguments({ globals, stages }: Stages, buildArgs: Readonly<Record<string, string>>): string[] {
  const declarations = [...globals, ...stages.flatMap(({ instructions }) => instructions)]
  const declared = new Set(
    declarations.flatMap((instruction) => (instruction.kind === 'arg' ? instruction.args.map(({ name }) => name.text) : [])),
  )
  return Object.keys(buildArgs).filter((name) => !declared.has(name) && !isPredefined(name))
}

/** SPEC: reproducible-builds.org, SOURCE_DATE_EPOCH: seconds since 1970. */
function sourceDateEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new BuildError('DOCKERFILE_INVALID', `SOURCE_DATE_EPOCH must be seconds since 1970, got ${JSON.stringify(text)}`, {
    hint: 'For example --build-arg SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)',
  })
}
