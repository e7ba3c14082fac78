import { CodedError } from '../kit/mod.ts'

/** MANIFEST_INVALID: broken or ambiguous. MANIFEST_UNSUPPORTED: of a kind that we do not know. */
export class ManifestError extends CodedError<'MANIFEST_INVALID' | 'MANIFEST_UNSUPPORTED'> {}
