import type { Descriptor, Digest, Platform } from '../oci/mod.ts'

/** One line of progress; `done` and `size` are bytes. The last event of a blob is `exists` or `done`. */
export interface TransferEvent {
  readonly digest: Digest
  readonly role: 'config' | 'layer' | 'manifest'
  readonly state: 'waiting' | 'active' | 'exists' | 'done'
  readonly done: number
  readonly size: number
}

export interface CopyOptions {
  /** Copy only the child of an image index that fits; undefined copies everything that the root names. */
  readonly platform?: Platform | undefined
  readonly onEvent?: ((event: TransferEvent) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CopyResult {
  /** What `finish` named: the root, or the platform's child. */
  readonly root: Descriptor
  /** Bytes of blobs that were really moved. */
  readonly moved: number
}
