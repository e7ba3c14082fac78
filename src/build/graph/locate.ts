import { DockerfileError, formatDiagnostic, type Range } from '../../dockerfile/mod.ts'
import { codeOf, CodedError } from '../../kit/mod.ts'
import { BuildError, type BuildErrorCode } from '../build-error.ts'
import type { Op } from '../solver/mod.ts'

/** Where in which Dockerfile something stands. */
export interface Place {
  /** As people know it. */
  readonly file: string
  readonly source: string
  readonly range: Range
}

/** The error with file, line and the line itself; what is not about the Dockerfile's text stays as it is. */
export function locate(error: unknown, place: Omit<Place, 'range'> & { readonly range: Range | undefined }): unknown {
  const range = (error instanceof DockerfileError ? error.range : undefined) ?? place.range
  const code = located(error)
  if (code === undefined || range === undefined || !(error instanceof CodedError)) return error
  const text = formatDiagnostic({ severity: 'error', message: error.message, range }, place.file, place.source)
  return new LocatedError(code, text, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) })
}

/** Says already where it is; its cause says only what. */
class LocatedError extends BuildError {}

/** One line for a list of steps, where the place is known. */
export function summaryOf(error: unknown): string {
  const told = error instanceof LocatedError ? error.cause : error
  const message = told instanceof Error ? told.message : String(told)
  return message.split('\n', 1)[0] ?? message
}

function located(error: unknown): BuildErrorCode | undefined {
  if (error instanceof LocatedError) return undefined
  if (error instanceof BuildError) return error.code
  if (error instanceof DockerfileError) return 'DOCKERFILE_INVALID'
  const code = codeOf(error)
  if (code === 'REFERENCE_INVALID' || code === 'PLATFORM_INVALID') return 'DOCKERFILE_INVALID'
  return code === 'USER_UNKNOWN' ? code : undefined
}

/** What `work` throws says which instruction it is of. */
export async function locating<T>(place: Place, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw locate(error, place)
  }
}

/** An op whose errors say which instruction they are of. */
export function locatedOp<R>(op: Op<R>, place: Place): Op<R> {
  return {
    cacheable: op.cacheable,
    definition: (context) => locating(place, () => op.definition(context)),
    content: (inputs, context) => locating(place, async () => op.content?.(inputs, context)),
    run: (inputs, context) => locating(place, () => op.run(inputs, context)),
  }
}
