import { CodedError } from '../kit/mod.ts'
import type { Range } from './range.ts'

export type DockerfileErrorCode =
  | 'DOCKERFILE_INVALID'
  | 'EXPANSION_INVALID'
  | 'EXPANSION_REQUIRED'
  | 'STAGE_UNKNOWN'
  | 'STAGE_FORWARD'
  | 'STAGE_SELF'
  | 'STAGE_MISSING'
  | 'BASE_INVALID'
  | 'TRIGGER_INVALID'
  | 'MOUNT_INVALID'
  | 'CHMOD_INVALID'
  | 'CHOWN_INVALID'
  | 'EXPOSE_INVALID'
  | 'SIGNAL_INVALID'
  | 'DURATION_INVALID'
  | 'PATTERN_INVALID'

/** What cannot be built, found after parsing: `range` is where in the Dockerfile, when that is known. */
export class DockerfileError extends CodedError<DockerfileErrorCode> {
  readonly range: Range | undefined

  constructor(code: DockerfileErrorCode, message: string, options: { cause?: unknown; hint?: string; range?: Range | undefined } = {}) {
    super(code, message, options)
    this.range = options.range
  }
}

/** Runs `task`; a DockerfileError that does not know its place yet gets `range`. */
export function atRange<T>(range: Range, task: () => T): T {
  try {
    return task()
  } catch (error) {
    if (!(error instanceof DockerfileError) || error.range !== undefined) throw error
    throw new DockerfileError(error.code, error.message, { cause: error, range, ...(error.hint === undefined ? {} : { hint: error.hint }) })
  }
}
