import { createHash } from 'node:crypto'
import { digestFrom, type Digest } from '../../oci/mod.ts'

/** One named thing that decides a step's outcome; kept in the record, so that a miss can be explained by the first that differs. */
export type Ingredient = readonly [name: string, value: string]

/** Grows when the meaning of keys changes: old records are then never found. */
const GENERATION = 1

/** By definition: the op and its inputs' keys. Known before anything is done. */
export function definitionKey(ingredients: readonly Ingredient[], inputs: readonly Digest[]): Digest {
  return keyOf(['definition', ingredients, inputs])
}

/** By content: the op and what it reads of its inputs. Known once these are. */
export function contentKey(ingredients: readonly Ingredient[], content: readonly Ingredient[]): Digest {
  return keyOf(['content', ingredients, content])
}

function keyOf(parts: readonly unknown[]): Digest {
  return digestFrom(
    'sha256',
    createHash('sha256')
      .update(JSON.stringify([GENERATION, ...parts]))
      .digest('hex'),
  )
}
