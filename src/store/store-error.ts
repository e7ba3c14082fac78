import { CodedError } from '../kit/mod.ts'

export class StoreError extends CodedError<
  | 'BLOB_UNKNOWN'
  | 'BLOB_DAMAGED'
  | 'BLOB_TOO_LARGE'
  | 'LAYER_UNKNOWN'
  | 'LAYER_DAMAGED'
  | 'LAYER_MISMATCH'
  | 'LAYER_INVALID'
  | 'IMAGE_AMBIGUOUS'
  | 'IMAGE_UNKNOWN'
  | 'SYMLINK_LOOP'
  | 'SCHEMA_TOO_NEW'
  | 'STORE_UNUSABLE'
  | 'PRIVILEGE_MISSING'
> {}
