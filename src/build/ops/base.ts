import type { DiffId } from '../../oci/mod.ts'
import type { Op } from '../solver/mod.ts'
import { EMPTY, type StepResult } from '../step-result.ts'

/** A base image. By its layers only: what else its config says is in the steps that it matters to. Nothing is fetched or unpacked here. */
export function baseOp(diffIds: readonly DiffId[]): Op<StepResult> {
  return {
    cacheable: false,
    definition: () => [['image', diffIds.join(' ')]],
    run: async () => ({ base: diffIds, built: [] }),
  }
}

export const scratchOp: Op<StepResult> = {
  cacheable: false,
  definition: () => [['image', 'scratch']],
  run: async () => EMPTY,
}

/** COPY --link: the layer of the second input, which knows nothing of what is below, on top of the first. */
export const stackOp: Op<StepResult> = {
  cacheable: false,
  definition: () => [['stack', '']],
  run: async ([below = EMPTY, above = EMPTY]) => ({ base: below.base, built: [...below.built, ...above.built] }),
}
