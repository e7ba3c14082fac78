import type { Algorithm } from '../../../oci/mod.ts'

/** An upload that has begun and not ended. How much of it has arrived is known by RegistryBlobs alone. */
export interface UploadSession {
  /** A random UUID: whoever knows it and may push can go on with it. */
  readonly id: string
  readonly repository: string
  /** Announced with `digest-algorithm`. */
  readonly algorithm: Algorithm
  /** Milliseconds since 1970. */
  readonly startedAt: number
}

/** Upload sessions outlive the process. */
export interface UploadSessions {
  create(session: UploadSession): Promise<void>
  /** Only in its own repository. */
  find(repository: string, id: string): Promise<UploadSession | undefined>
  /** Idempotent. */
  delete(id: string): Promise<void>
  /** Sessions that started before; at most `limit`. */
  listStartedBefore(time: number, limit: number): Promise<readonly UploadSession[]>
  count(): Promise<number>
}
