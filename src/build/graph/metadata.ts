import {
  createdBy,
  expandWord,
  exposedPorts,
  joinWorkdir,
  parseSignal,
  atRange,
  type Command,
  type Instruction,
  type Scope,
} from '../../dockerfile/mod.ts'
import type { RunConfig } from '../../oci/mod.ts'

export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c']

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** The image config's `config` member while a stage's instructions change it. */
export class StageConfig {
  readonly config: Mutable<RunConfig>
  author: string | undefined
  /** CMD was given in this stage: a later ENTRYPOINT leaves it. */
  #hasOwnCommand = false

  constructor(base: RunConfig) {
    const { OnBuild: _, ...rest } = base
    void _
    this.config = { ...rest }
  }

  get shell(): readonly string[] {
    return this.config.Shell ?? DEFAULT_SHELL
  }

  get workdir(): string {
    return this.config.WorkingDir === undefined || this.config.WorkingDir === '' ? '/' : this.config.WorkingDir
  }

  env(name: string): string | undefined {
    return this.config.Env?.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1)
  }

  argv(command: Exclude<Command, { form: 'script' }>): string[] {
    return command.form === 'exec' ? command.args.map(({ text }) => text) : [...this.shell, command.text]
  }

  setEnv(name: string, value: string): void {
    const variables = [...(this.config.Env ?? [])]
    const at = variables.findIndex((variable) => variable.startsWith(`${name}=`))
    // SPEC: a variable keeps the place of its first definition.
    if (at < 0) variables.push(`${name}=${value}`)
    else variables[at] = `${name}=${value}`
    this.config.Env = variables
  }

  /** Carries out an instruction that only changes the config. Gives its history text (undefined: none), or false for any other instruction. */
  apply(instruction: Instruction, scope: Scope): string | undefined | false {
    const expand = (word: { readonly text: string; readonly range: Instruction['range'] }): string => expandWord(word, scope)
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the default is everything else
    switch (instruction.kind) {
      case 'env':
      case 'label': {
        const pairs = instruction.pairs.map(({ key, value }) => ({
          key: instruction.kind === 'label' ? expand(key) : key.text,
          value: expand(value),
        }))
        for (const { key, value } of pairs) {
          if (instruction.kind === 'env') this.setEnv(key, value)
          else this.config.Labels = { ...this.config.Labels, [key]: value }
        }
        return createdBy({ kind: instruction.kind, pairs })
      }
      case 'cmd': {
        const argv = this.argv(instruction.command)
        this.config.Cmd = argv
        this.#hasOwnCommand = true
        return createdBy({ kind: 'cmd', argv })
      }
      case 'entrypoint': {
        const argv = this.argv(instruction.command)
        this.config.Entrypoint = argv
        if (!this.#hasOwnCommand) delete this.config.Cmd
        return createdBy({ kind: 'entrypoint', argv })
      }
      case 'user': {
        const user = expand(instruction.user)
        this.config.User = user
        return createdBy({ kind: 'user', user })
      }
      case 'volume': {
        const paths = instruction.paths.map(expand)
        this.config.Volumes = { ...this.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) }
        return createdBy({ kind: 'volume', paths })
      }
      case 'expose': {
        const ports = exposedPorts(instruction, scope)
        this.config.ExposedPorts = { ...this.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) }
        return createdBy({ kind: 'expose', ports })
      }
      case 'shell': {
        const args = instruction.args.map(({ text }) => text)
        this.config.Shell = args
        return createdBy({ kind: 'shell', args })
      }
      case 'stopsignal': {
        const signal = expand(instruction.signal)
        atRange(instruction.signal.range, () => parseSignal(signal))
        this.config.StopSignal = signal
        return createdBy({ kind: 'stopsignal', signal })
      }
      case 'healthcheck': {
        this.config.Healthcheck = instruction.health
        return createdBy({ kind: 'healthcheck', health: instruction.health })
      }
      case 'maintainer':
        this.author = instruction.name.text
        return createdBy({ kind: 'maintainer', name: instruction.name.text })
      case 'onbuild':
        this.config.OnBuild = [...(this.config.OnBuild ?? []), instruction.trigger]
        return undefined
      default:
        return false
    }
  }

  /** WORKDIR's effect on the config; making the directory is a step of its own. */
  setWorkdir(path: string): string {
    this.config.WorkingDir = joinWorkdir(this.workdir, path)
    return this.config.WorkingDir
  }
}
