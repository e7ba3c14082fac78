/**
 * The builder: Dockerfile → stages → a graph of vertices → solver → an image in the store. Layers are made where they will be used: nothing is exported.
 * Invariant: the solver knows nothing of files, processes or images; operations know nothing of keys.
 */
export { build, type BuildEvent, type BuildRequest, type BuildResult, type BuildTools } from './build.ts'
export { BuildError } from './build-error.ts'
export { applyChanges } from './graph/apply-changes.ts'
