import type { Store } from '../store/mod.ts'

export interface Output {
  readonly isTTY: boolean
  readonly columns: number
  write(text: string | Uint8Array): void
}

/** What a command gets of the world; everything else it has to be given. */
export interface Context {
  /** The store's directory, made absolute. */
  readonly root: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** Results. */
  readonly stdout: Output
  /** Progress, warnings, errors. */
  readonly stderr: Output
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** Opens the store at most once; the program closes it. */
  store(): Promise<Store>
}
