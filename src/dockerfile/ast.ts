import type { HealthConfig } from '../oci/mod.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { Range } from './range.ts'

/**
 * A parsed Dockerfile. Lossless: it keeps its source, and what lies between the top-level nodes (directives, comments outside of
 * instructions, instructions) is only blanks, line ends, a byte order mark, and escape characters that continue a line with nothing.
 * When `diagnostics` holds an error the file cannot be built, but the tree is as whole as the text allows.
 */
export interface Dockerfile {
  readonly source: string
  readonly directives: readonly Directive[]
  /** What continues a line and quotes a character: backslash unless `# escape=` says backtick. */
  readonly escape: Escape
  /** In order of appearance. Those that could not be understood have kind `invalid` and an error in `diagnostics`. */
  readonly instructions: readonly Instruction[]
  /** All comments, those within continued instructions too, without parser directives. */
  readonly comments: readonly Comment[]
  readonly diagnostics: readonly Diagnostic[]
}

export type Escape = '\\' | '`'

/** A parser directive, `# name=value`, or a first line that names a frontend in one of the other forms. */
export interface Directive {
  readonly name: 'syntax' | 'escape' | 'check'
  readonly value: string
  readonly range: Range
  readonly valueRange: Range
}

/** `text` is what follows `#`, without blanks around it. */
export interface Comment {
  readonly text: string
  readonly range: Range
}

/**
 * A piece of an instruction. `text` is raw: quotes, escapes and variables are as written (expand it with `expandWord` and the stage's
 * environment), but continuation marks and the comment lines between are gone; in JSON forms it is the decoded string.
 */
export interface Word {
  readonly text: string
  readonly range: Range
}

/** `--name` or `--name=value`, quotes and escapes of the value already resolved (variables are not). */
export interface Flag {
  readonly name: string
  readonly value: string | undefined
  /** Of the whole flag. */
  readonly range: Range
  /** Of the value as written; of the whole flag when there is none. */
  readonly valueRange: Range
}

export interface Heredoc {
  /** The terminating word, without quotes. */
  readonly name: string
  /** The lines between as they are (also CR), each with its line end. Tabs are kept even under `<<-`. */
  readonly body: string
  /** What the file or script holds: `body`, without each line's leading tabs when `stripTabs`. */
  readonly content: string
  /** No part of the word was quoted: COPY and ADD expand variables in the content. */
  readonly expand: boolean
  readonly stripTabs: boolean
  /** The number before `<<`; 0 when there is none. */
  readonly fileDescriptor: number
  /** Of `<<WORD`. */
  readonly range: Range
  readonly bodyRange: Range
  /** Of the terminating line, without its line end. */
  readonly endRange: Range
}

/** What RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD execute. Never expanded by the builder. */
export type Command = ExecCommand | ShellCommand | ScriptCommand

/** A JSON array: an argument vector, no shell. May be empty (CMD and ENTRYPOINT only). */
export interface ExecCommand {
  readonly form: 'exec'
  readonly args: readonly Word[]
  readonly range: Range
}

/**
 * One string for the current SHELL. Of RUN with heredocs it is what the shell gets: the body alone for a sole `<<EOF`,
 * otherwise the line followed by the bodies, for the shell to take apart.
 */
export interface ShellCommand {
  readonly form: 'shell'
  readonly text: string
  readonly range: Range
}

/**
 * RUN with a sole heredoc whose content starts with `#!`: to be written to /dev/pipes/<name>, mode 0755, on a read-only mount,
 * and executed there without a shell.
 */
export interface ScriptCommand {
  readonly form: 'script'
  readonly heredoc: Heredoc
  readonly range: Range
}

interface InstructionBase {
  /** From the keyword to the last character: of the line, or of the last heredoc's terminator. */
  readonly range: Range
  /** As written: `from`, `FROM`. */
  readonly keyword: Word
  readonly flags: readonly Flag[]
  /** All that follows keyword and flags as one line, heredoc bodies not included. */
  readonly rest: Word
  /** Empty but for RUN, COPY and ADD, and ONBUILD of these. */
  readonly heredocs: readonly Heredoc[]
  /** The comments since the instruction before, top first; an empty comment starts anew. */
  readonly docs: readonly Comment[]
}

export interface FromInstruction extends InstructionBase {
  readonly kind: 'from'
  /** Expanded with the global arguments; a stage's name, `scratch` or an image. */
  readonly image: Word
  /** As written; stage names compare without case. */
  readonly alias: Word | undefined
  readonly platform: Word | undefined
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: 'arg'
  readonly args: readonly ArgDeclaration[]
}

export interface ArgDeclaration {
  readonly name: Word
  /** undefined: `ARG X`; empty text: `ARG X=`. */
  readonly value: Word | undefined
  readonly range: Range
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: 'env'
  readonly pairs: readonly KeyValue[]
  /** `ENV key value…` without `=`. */
  readonly legacy: boolean
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: 'label'
  readonly pairs: readonly KeyValue[]
  readonly legacy: boolean
}

/** Both key and value are to be expanded. */
export interface KeyValue {
  readonly key: Word
  readonly value: Word
  readonly range: Range
}

export interface RunInstruction extends InstructionBase {
  readonly kind: 'run'
  readonly command: Command
  /** Raw option text of each `--mount`: give it to `parseMount`. */
  readonly mounts: readonly Word[]
  readonly network: 'default' | 'none' | 'host' | undefined
  readonly security: 'sandbox' | 'insecure' | undefined
  readonly devices: readonly Word[]
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: 'cmd'
  readonly command: ExecCommand | ShellCommand
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: 'entrypoint'
  readonly command: ExecCommand | ShellCommand
}

/** A source of COPY or ADD: a path, URL or git address to expand, or an inline file. */
export type CopySource =
  | { readonly kind: 'word'; readonly word: Word; readonly range: Range }
  | { readonly kind: 'heredoc'; readonly heredoc: Heredoc; readonly range: Range }

interface CopyBase extends InstructionBase {
  /** At least one. */
  readonly sources: readonly CopySource[]
  readonly destination: Word
  /** Words were given as a JSON array. */
  readonly json: boolean
  readonly chown: Word | undefined
  readonly chmod: Word | undefined
  readonly link: boolean
  readonly parents: boolean
  readonly excludes: readonly Word[]
}

export interface CopyInstruction extends CopyBase {
  readonly kind: 'copy'
  readonly from: Word | undefined
}

export interface AddInstruction extends CopyBase {
  readonly kind: 'add'
  readonly checksum: Word | undefined
  readonly keepGitDir: boolean | undefined
  /** undefined: local archives are unpacked, downloads are not. */
  readonly unpack: boolean | undefined
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: 'workdir'
  readonly path: Word
}

export interface UserInstruction extends InstructionBase {
  readonly kind: 'user'
  readonly user: Word
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: 'volume'
  readonly paths: readonly Word[]
  readonly json: boolean
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: 'expose'
  /** Expand each with `expandWords`, then give it to `parseExpose`. */
  readonly ports: readonly Word[]
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: 'shell'
  readonly args: readonly Word[]
}

export interface StopsignalInstruction extends InstructionBase {
  readonly kind: 'stopsignal'
  readonly signal: Word
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: 'healthcheck'
  /** undefined: `HEALTHCHECK NONE`. */
  readonly command: ExecCommand | ShellCommand | undefined
  /** For the image config, Test included. Nothing in it is expanded. */
  readonly health: HealthConfig
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: 'onbuild'
  /** For config.OnBuild: the instruction with its heredocs, to be parsed again by `parseTriggers`. */
  readonly trigger: string
  /** The same, parsed, with ranges in this source. */
  readonly instruction: Instruction
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: 'maintainer'
  readonly name: Word
}

/** What could not be understood; there is an error for it in the diagnostics. */
export interface InvalidInstruction extends InstructionBase {
  readonly kind: 'invalid'
}

export type Instruction =
  | FromInstruction
  | ArgInstruction
  | EnvInstruction
  | LabelInstruction
  | RunInstruction
  | CmdInstruction
  | EntrypointInstruction
  | CopyInstruction
  | AddInstruction
  | WorkdirInstruction
  | UserInstruction
  | VolumeInstruction
  | ExposeInstruction
  | ShellInstruction
  | StopsignalInstruction
  | HealthcheckInstruction
  | OnbuildInstruction
  | MaintainerInstruction
  | InvalidInstruction

export type InstructionKind = Instruction['kind']
