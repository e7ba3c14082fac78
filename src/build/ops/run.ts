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
import { UpperWriter } from '../copy/upper-writer.ts'
import type { Op } from '../solver/mod.ts'
import { chainOf, diffIdsOf, EMPTY, type StepResult } from '../step-result.ts'
import { makeLayer } from './layer.ts'
import { openMounts, type RunMount } from './mounts.ts'
import { OutputTail } from './output-tail.ts'
import type { OpTools } from './tools.ts'

export interface RunStep {
  readonly argv: readonly string[]
  /** ENV and ARGs, `NAME=value`. */
  readonly env: readonly string[]
  /** Given to the command, but no part of the key. */
  readonly proxies: Readonly<Record<string, string>>
  readonly cwd: string
  readonly user: string
  readonly hostname: string
  readonly network: 'host' | 'none'
  /** `os/architecture`: other machines make other files. */
  readonly platform: string
  readonly mounts: readonly RunMount[]
  /** RUN <<EOF with #!: executed from /dev/pipes. */
  readonly script: { readonly name: string; readonly content: string } | undefined
  /** Cache mounts start empty. */
  readonly emptyCaches: boolean
}

/** RUN: the command in a container on the parent's layers; what it leaves in the upper directory is the layer. Inputs: the parent, then one per mount that has files. */
export function runOp(tools: OpTools, step: RunStep): Op<StepResult> {
  return {
    cacheable: true,
    definition: () => [
      ['argv', JSON.stringify(step.argv)],
      ['env', JSON.stringify(step.env)],
      ['cwd', step.cwd],
      ['user', step.user],
      ['hostname', step.hostname],
      ['network', step.network],
      ['platform', step.platform],
      ['mounts', JSON.stringify(step.mounts.map((mount) => mount.key))],
      ['script', step.script === undefined ? '' : JSON.stringify(step.script)],
      ['clamp', String(tools.clampTo ?? '')],
    ],
    content: async ([parent, ...mounted]) => [
      ['parent', chainOf(parent)],
      ...mounted.map((input, i) => [`mount ${i}`, chainOf(input)] as const),
    ],
    async run([parent = EMPTY, ...mounted], { signal, vertex }) {
      if (diffIdsOf(parent).length === 0 && step.mounts.length === 0) {
        throw new BuildError('RUN_FAILED', 'RUN needs a program to run, and scratch is empty', {
          hint: 'COPY a program into the stage first, or start it FROM an image',
        })
      }
      return makeLayer(tools, parent, signal, async ({ staging, below, view, lease }) => {
        const user = resolveUser(view, step.user)
        const resolver = new UpperWriter(staging.upper, view)
        await using mounts = await openMounts(tools, step, { inputs: mounted, scratch: staging.scratch, lease, signal })
        const binds: BindMount[] = [...networkFiles(staging.scratch, { hostname: step.hostname, readOnly: true }), ...mounts.binds]
        if (step.script !== undefined) binds.push(scriptMount(staging.scratch, step.script))
        const targets = [...binds.map(({ target }) => target), step.cwd].filter((target) => !target.startsWith('/dev/'))
        const stubs = missingMountPoints(
          view,
          targets.map((target) => resolver.resolve(target)),
        )
        const bundle = join(staging.scratch, 'bundle')
        mkdirSync(bundle)
        const tail = new OutputTail()
        const proxies = Object.entries(step.proxies).map(([name, value]) => `${name}=${value}`)
        tools.onRun(step.network)
        const { code } = await runContainer({
          root: tools.store.root,
          lowerdirs: await tools.store.layers.resolve(below, lease),
          upper: staging.upper,
          work: staging.work,
          bundle,
          forCommit: true,
          args: step.argv,
          env: containerEnvironment({
            image: [...proxies, ...step.env],
            asked: [],
            hostname: step.hostname,
            home: user.home,
            terminal: false,
          }),
          cwd: step.cwd,
          user,
          hostname: step.hostname,
          network: step.network,
          terminal: false,
          mounts: binds,
          stdin: 'ignore',
          output(fd, bytes) {
            tail.add(bytes)
            tools.output(vertex, fd, bytes)
          },
          signal,
          forwardSignals: false,
        })
        if (code !== 0) throw failed(vertex.name, code, tail)
        removeStubs(staging.upper, stubs)
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

function failed(name: string, code: number, tail: OutputTail): BuildError {
  const lines = tail.lines()
  const hint = lines.length === 0 ? 'It printed nothing' : `It printed last:\n${lines.map((line) => `  ${line}`).join('\n')}`
  return new BuildError('RUN_FAILED', `${shorten(name)} ended with exit code ${code}`, { hint })
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
