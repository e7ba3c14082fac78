import { CodedError } from '../kit/mod.ts'

export class ImageError extends CodedError<'IMAGE_UNKNOWN' | 'IMAGE_INVALID' | 'ARCHIVE_INVALID'> {}
