import type { HealthConfig } from '../oci/mod.ts'
import { goDuration, goQuoteList } from './_go-format.ts'

/** An instruction that has been carried out, everything expanded. ONBUILD leaves no entry in the history. */
export type CarriedOut =
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly { readonly key: string; readonly value: string }[] }
  | { readonly kind: 'arg'; readonly args: readonly ArgumentValue[] }
  /** The whole argument vector, shell included. */
  | { readonly kind: 'cmd' | 'entrypoint'; readonly argv: readonly string[] }
  /** `args`: all that were declared before in this stage, in order, with the values that the step sees. */
  | { readonly kind: 'run'; readonly argv: readonly string[]; readonly args: readonly ArgumentValue[] }
  /** `sources`: paths as expanded, then the names of heredocs. */
  | {
      readonly kind: 'copy' | 'add'
      readonly sources: readonly string[]
      readonly heredocs: readonly string[]
      readonly destination: string
      readonly chown?: string | undefined
      readonly chmod?: string | undefined
      readonly parents?: boolean | undefined
    }
  /** As `exposedPorts` gives them. */
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'shell'; readonly args: readonly string[] }
  /** `path`: the joined one. */
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'stopsignal'; readonly signal: string }
  | { readonly kind: 'maintainer'; readonly name: string }
  | { readonly kind: 'healthcheck'; readonly health: HealthConfig }

export interface ArgumentValue {
  readonly name: string
  /** undefined: declared, but nobody gave it a value. */
  readonly value: string | undefined
}

/** The `created_by` of a history entry, letter by letter as BuildKit writes it. Its comment is `buildkit.dockerfile.v0`. */
export function createdBy(step: CarriedOut): string {
  switch (step.kind) {
    case 'env':
    case 'label':
      return [step.kind.toUpperCase(), ...step.pairs.map(({ key, value }) => `${key}=${value}`)].join(' ')
    case 'arg':
      return `ARG ${step.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(' ')}`
    case 'cmd':
    case 'entrypoint':
      return `${step.kind.toUpperCase()} ${goQuoteList(step.argv)}`
    case 'run':
      return `RUN ${[...runArguments(step.args), ...step.argv].join(' ')} # buildkit`
    case 'copy':
    case 'add':
      return `${[
        step.kind.toUpperCase(),
        ...(step.parents === true ? ['--parents'] : []),
        ...(step.chown === undefined ? [] : [`--chown=${step.chown}`]),
        ...(step.chmod === undefined ? [] : [`--chmod=${step.chmod}`]),
        ...step.sources,
        ...step.heredocs.map((name) => `<<${name}`),
        step.destination,
      ].join(' ')} # buildkit`
    case 'expose':
      return `EXPOSE [${step.ports.join(' ')}]`
    case 'volume':
      return `VOLUME [${step.paths.join(' ')}]`
    case 'shell':
      return `SHELL [${step.args.join(' ')}]`
    case 'workdir':
      return `WORKDIR ${step.path}`
    case 'user':
      return `USER ${step.user}`
    case 'stopsignal':
      return `STOPSIGNAL ${step.signal}`
    case 'maintainer':
      return `MAINTAINER ${step.name}`
    case 'healthcheck':
      return `HEALTHCHECK ${describeHealth(step.health)}`
  }
}

/** A name declared twice stands once, at its first place. */
function runArguments(args: readonly ArgumentValue[]): string[] {
  const values = new Map<string, string>()
  for (const { name, value } of args) values.set(name, value ?? '')
  return values.size === 0 ? [] : [`|${values.size}`, ...Array.from(values, ([name, value]) => `${name}=${value}`)]
}

function describeHealth(health: HealthConfig): string {
  const fields = [
    `Test:[${(health.Test ?? []).join(' ')}]`,
    `Interval:${goDuration(health.Interval ?? 0)}`,
    `Timeout:${goDuration(health.Timeout ?? 0)}`,
    `StartPeriod:${goDuration(health.StartPeriod ?? 0)}`,
    `StartInterval:${goDuration(health.StartInterval ?? 0)}`,
    `Retries:${health.Retries ?? 0}`,
  ]
  return `{${fields.join(' ')}}`
}
