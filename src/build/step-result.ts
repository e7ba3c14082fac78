import type { DiffId } from '../oci/mod.ts'

export interface BuiltLayer {
  readonly diffId: DiffId
  /** When it was made, milliseconds since 1970. */
  readonly at: number
}

/** A filesystem state: what a step gives and the next one starts from. */
export interface StepResult {
  /** The base image's layers, bottom first. They may not be unpacked yet. */
  readonly base: readonly DiffId[]
  /** Those of the steps on top of it, bottom first. They are there. */
  readonly built: readonly BuiltLayer[]
}

export const EMPTY: StepResult = { base: [], built: [] }

/** All layers, bottom first. */
export function diffIdsOf({ base, built }: StepResult): readonly DiffId[] {
  return [...base, ...built.map(({ diffId }) => diffId)]
}

/** Stands for the files of a state in keys. */
export function chainOf(result: StepResult | undefined): string {
  return diffIdsOf(result ?? EMPTY).join(' ')
}
