import type { ImageConfig, Manifest } from '../../oci/mod.ts'
import type { ImageRecord } from '../../store/mod.ts'

/** What a stage starts from, or files are copied from: known by its documents, its layers untouched. */
export interface BaseImage {
  readonly record: ImageRecord
  readonly manifest: Manifest
  readonly config: ImageConfig
}
