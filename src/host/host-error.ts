import { CodedError } from '../kit/mod.ts'

export class HostError extends CodedError<'DISK_FULL' | 'PROGRAM_MISSING' | 'FILESYSTEM_UNUSABLE'> {}
