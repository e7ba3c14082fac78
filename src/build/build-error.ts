import { CodedError } from '../kit/mod.ts'

export type BuildErrorCode =
  | 'CONTEXT_INVALID'
  | 'DOCKERFILE_MISSING'
  | 'DOCKERFILE_INVALID'
  | 'UNSUPPORTED'
  | 'SOURCE_MISSING'
  | 'SOURCE_CHANGED'
  | 'COPY_CONFLICT'
  | 'ARCHIVE_INVALID'
  | 'USER_UNKNOWN'
  | 'RUN_FAILED'

export class BuildError extends CodedError<BuildErrorCode> {}
