import type { Digest } from './digest.ts'
import type { Platform } from './platform.ts'

/** What points at content: image-spec descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly artifactType?: string
  readonly data?: string
  readonly platform?: Platform
  readonly urls?: readonly string[]
}
