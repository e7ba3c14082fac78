import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  containerEnvironment,
  missingMountPoints,
  networkFiles,
  removeStubs,
  resolveUser,
  runContainer,
  type BindMount,
} from '../../runtime/mod.ts'
import { BuildError } from '../build-error.ts'
import type { Op } from '../solver/mod.ts'
import type { StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import { chainOf, type OpTools } from './tools.ts'

const HOSTNAME = 'buildkitsandbox'
const TAIL_LINES = 20

export interface RunStep {
  readonly argv: readonly string[]
  /** ENV and ARGs, `NAME=value`. */
  readonly env: readonly string[]
  /** Given to the command, but no part of the key. */
  readonly proxies: Readonly<Record<string, string>>
  readonly cwd: string
  readonly user: string
  readonly network: 'host' | 'none'
  /** RUN <<EOF with #!: executed from /dev/pipes. */
  readonly script: { readonly name: string; readonly content: string } | undefined
  /** For errors: the instruction as written, and where. */
  readonly text: string
  readonly where: string
  /** Names the step to `tools.output`. */
  readonly owner: object
}

/** RUN: the command in a container on the parent's layers; what it leaves in the upper directory is the layer. */
export function runOp(tools: OpTools, step: RunStep): Op<StepResult> {
  return {
    cacheable: true,
    definition: () => [
      ['argv', JSON.stringify(step.argv)],
      ['env', JSON.stringify(step.env)],
      ['cwd', step.cwd],
      ['user', step.user],
      ['network', step.network],
      ['script', step.script === undefined ? '' : JSON.stringify(step.script)],
    ],
    content: async ([parent]) => [['parent', chainOf(parent?.diffIds ?? [])]],
    async run([parent], { signal }) {
      if (parent === undefined || parent.diffIds.length === 0) {
        throw new BuildError('RUN_FAILED', `${step.where}: RUN needs files to run, and scratch has none`, {
          hint: 'COPY a program into the stage first, or start it FROM an image',
        })
      }
      return makeLayer(tools, parent, signal, async (staging, view) => {
        const user = resolveUser(view, step.user)
        const mounts: BindMount[] = [...networkFiles(staging.scratch, { hostname: HOSTNAME, readOnly: true })]
        if (step.script !== undefined) mounts.push(scriptMount(staging.scratch, step.script))
        const missing = missingMountPoints(
          view,
          [...mounts.map(({ target }) => target), step.cwd].filter((target) => !target.startsWith('/dev/')),
        )
        const bundle = join(staging.scratch, 'bundle')
        mkdirSync(bundle)
        const tail = new Tail()
        const proxies = Object.entries(step.proxies).map(([name, value]) => `${name}=${value}`)
        const { code } = await runContainer({
          root: tools.store.root,
          lowerdirs: await tools.store.layers.resolve(parent.diffIds, tools.lease),
          upper: staging.upper,
          work: staging.work,
          bundle,
          forCommit: true,
          args: step.argv,
          env: containerEnvironment({ image: [...proxies, ...step.env], asked: [], hostname: HOSTNAME, home: user.home, terminal: false }),
          cwd: step.cwd,
          user,
          hostname: HOSTNAME,
          network: step.network,
          terminal: false,
          mounts,
          stdin: 'ignore',
          output(fd, bytes) {
            tail.add(bytes)
            tools.output(step.owner, fd, bytes)
          },
          signal,
          forwardSignals: false,
        })
        if (code !== 0) throw failed(step, code, tail)
        removeStubs(staging.upper, missing)
      })
    },
  }
}

function scriptMount(scratch: string, { name, content }: { readonly name: string; readonly content: string }): BindMount {
  const directory = join(scratch, 'pipes')
  mkdirSync(directory)
  writeFileSync(join(directory, name), content, { mode: 0o755 })
  return { source: directory, target: '/dev/pipes', readOnly: true }
}

function failed(step: RunStep, code: number, tail: Tail): BuildError {
  const output = tail.lines()
  const said = output.length === 0 ? 'It printed nothing' : `It printed last:\n${output.map((line) => `  ${line}`).join('\n')}`
  return new BuildError('RUN_FAILED', `${step.where}: the command ended with exit code ${code}: ${step.text}`, { hint: said })
}

/** The last lines of an output of any length. */
class Tail {
  #text = ''

  add(bytes: Uint8Array): void {
    this.#text = (this.#text + Buffer.from(bytes).toString('utf8')).slice(-16_384)
  }

  lines(): string[] {
    return this.#text
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '')
      .slice(-TAIL_LINES)
  }
}
