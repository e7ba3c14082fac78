import { CodedError } from '../kit/mod.ts'

export class BuildError extends CodedError<
  'DOCKERFILE_MISSING' | 'DOCKERFILE_INVALID' | 'UNSUPPORTED' | 'SOURCE_MISSING' | 'COPY_CONFLICT' | 'RUN_FAILED' | 'CONTEXT_INVALID'
> {}
