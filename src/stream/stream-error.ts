import { CodedError } from '../kit/mod.ts'

export class StreamError extends CodedError<'SIZE_INVALID' | 'DIGEST_INVALID' | 'TOO_LARGE' | 'TRUNCATED' | 'COMPRESSION_INVALID'> {}
