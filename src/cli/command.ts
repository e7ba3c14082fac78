import type { Command } from 'commander'
import type { Context } from './context.ts'

/** A verb: what it takes, and one function that does it. One file per verb, loaded only when it is called. */
export interface CommandDefinition {
  /** Adds arguments and options; help comes from them. */
  configure(command: Command): void
  /** Exit code that a failure of ours has; 1 unless the verb has a convention of its own. */
  readonly failure?: number
  /** Exit code of wrong usage; 2 unless the verb has a convention of its own. */
  readonly usage?: number
  run(context: Context, args: readonly string[], options: Readonly<Record<string, unknown>>): Promise<number | void>
}

/** Values of a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
