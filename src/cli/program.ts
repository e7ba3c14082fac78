import { Command, CommanderError } from 'commander'
import { resolve } from 'node:path'
import { closest } from '../kit/mod.ts'
import { openStore, type Store } from '../store/mod.ts'
import type { CommandDefinition } from './command.ts'
import type { Context, Output } from './context.ts'
import { Exit, ExitCode } from './exit-code.ts'
import { reportError } from './output/report-error.ts'
import { defaultRoot } from './root.ts'
import { VERBS } from './verbs.ts'
import { version } from './version.ts'

/** Runs the command line that this process was started with; sets the exit code. */
export async function main(): Promise<void> {
  process.exitCode = await runProgram(process.argv.slice(2))
  // A closed pipe on stdout (`| head`) or a kept-alive connection must not keep us.
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit()
}

async function runProgram(argv: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  handleSignals(interrupt)
  let opened: Promise<Store> | undefined
  let failure: number = ExitCode.failed
  let usage: number = ExitCode.usage
  let exitCode: number = ExitCode.done

  const program = new Command('lamina')
    .description('One toolchain for the whole life of a container image')
    .version(`lamina ${version()}`, '-V, --version')
    .option('--root <directory>', 'the store (default: $LAMINA_ROOT, else /var/lib/lamina as root)')
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError(true)
    .exitOverride()
    .enablePositionalOptions()
    .action(() => program.help({ error: true }))

  const called = verbOf(argv)
  if (called !== undefined && called !== 'help' && !VERBS.some((verb) => verb.name === called || verb.aliases?.includes(called))) {
    return reportUnknownVerb(called)
  }
  for (const verb of VERBS) {
    const command = program.command(verb.name).description(verb.summary)
    for (const alias of verb.aliases ?? []) command.alias(alias)
    if (verb.name !== called && !verb.aliases?.includes(called ?? '')) continue
    const definition: CommandDefinition = (await verb.load()).default
    failure = definition.failure ?? failure
    usage = definition.usage ?? usage
    definition.configure(command)
    command.option('--root <directory>', 'the store')
    command.exitOverride()
    command.action(async () => {
      const options = command.opts<Record<string, unknown>>()
      const root = resolve(String(options['root'] ?? program.opts()['root'] ?? defaultRoot(process.env, process.getuid?.() === 0)))
      const context: Context = {
        root,
        cwd: process.cwd(),
        env: process.env,
        stdin: process.stdin,
        stdout: outputOf(process.stdout),
        stderr: outputOf(process.stderr),
        signal: interrupt.signal,
        store: () => (opened ??= openStore(root)),
      }
      exitCode = (await definition.run(context, command.args, options)) ?? ExitCode.done
    })
  }

  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof Exit) return error.code
    if (error instanceof CommanderError) return reportUsage(error, called, usage)
    return reportError(error, { stderr: outputOf(process.stderr), signal: interrupt.signal, failure })
  } finally {
    await opened?.then((store) => store[Symbol.asyncDispose]()).catch(() => {})
  }
}

/** The first word that is no option, so that only its file is loaded. */
function verbOf(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string
    if (word === '--root') i++
    else if (!word.startsWith('-')) return word === 'help' ? argv[i + 1] : word
  }
  return undefined
}

function reportUsage(error: CommanderError, verb: string | undefined, usage: number): number {
  if (error.exitCode === 0) return ExitCode.done
  if (error.code === 'commander.help') return usage
  const message = error.message.replace(/^error: /, '')
  process.stderr.write(`lamina: ${message}\n  Run 'lamina${verb === undefined ? '' : ` ${verb}`} --help' for the usage\n`)
  return usage
}

function reportUnknownVerb(verb: string): number {
  const meant = closest(
    verb,
    VERBS.map(({ name }) => name),
  )
  process.stderr.write(
    `lamina: unknown command '${verb}'${meant === undefined ? '' : ` (did you mean '${meant}'?)`}\n  Run 'lamina --help' for all commands\n`,
  )
  return ExitCode.usage
}

/** The first signal asks everything to stop and clean up; the second ends the process at once. */
function handleSignals(interrupt: AbortController): void {
  for (const [name, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(128 + number)
      interrupt.abort(new Interrupted(128 + number))
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.done)
  })
}

/** Why everything was aborted: carries the exit code of the signal. */
class Interrupted extends Exit {}

function outputOf(stream: NodeJS.WriteStream): Output {
  return { isTTY: stream.isTTY === true, columns: stream.columns ?? 80, write: (text) => void stream.write(text) }
}
