import { CodedError } from '../kit/mod.ts'

export class RuntimeError extends CodedError<
  'RUNTIME_MISSING' | 'RUNTIME_FAILED' | 'COMMAND_MISSING' | 'COMMAND_NOT_FOUND' | 'NOT_EXECUTABLE' | 'USER_UNKNOWN' | 'PRIVILEGE_MISSING'
> {}
