import type { DiffId } from '../oci/mod.ts'

/** A filesystem state: what a step gives and the next one starts from. */
export interface StepResult {
  /** All layers, bottom first. */
  readonly diffIds: readonly DiffId[]
  /** How many of them, from the bottom, are the base image's. */
  readonly baseLayers: number
  /** RFC 3339: when the topmost step ran. */
  readonly created: string
}
