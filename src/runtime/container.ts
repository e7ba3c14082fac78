/** A file or directory of the host seen in the container. */
export interface BindMount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

export interface ContainerUser {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
}

/** Everything that one container needs; made from an image config by `containerFromImage`, or by the builder. */
export interface ContainerOptions {
  /** The store's root, whose `l/` holds the lowerdirs. */
  readonly root: string
  /** Topmost first, relative to `<root>/l`, as layers.resolve gives them. */
  readonly lowerdirs: readonly string[]
  readonly upper: string
  readonly work: string
  /** A directory of the caller's for config.json and stubs; the caller removes it. */
  readonly bundle: string
  /** The upper will become a layer: mounted `volatile`, and with what keeps it exportable. */
  readonly forCommit: boolean
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: ContainerUser
  readonly hostname: string
  readonly network: 'host' | 'none'
  readonly terminal: boolean
  readonly mounts: readonly BindMount[]
  /** `inherit` for `run`; `ignore` for builds. */
  readonly stdin: 'inherit' | 'ignore'
  /** `inherit`, or a function that takes the pieces (fd 1 or 2). Awaited: it is the back-pressure. */
  readonly output: 'inherit' | ((fd: 1 | 2, bytes: Uint8Array) => void | Promise<void>)
  /** Aborting kills the container and everything in it. */
  readonly signal?: AbortSignal | undefined
  /** Forward SIGTERM, SIGINT, … that this process gets to the container's pid 1. */
  readonly forwardSignals: boolean
}

/** How pid 1 ended: an exit code, or the signal as 128 + n. */
export interface ContainerExit {
  readonly code: number
}
