/**
 * Dockerfiles as text: parsing to a lossless tree with exact ranges, expansion of words, stages, and the small languages in it
 * (mounts, ports, modes, owners, signals, durations, ignore patterns, history entries).
 * Reading never throws: `parseDockerfile` and `groupStages` give diagnostics. What depends on values throws DockerfileError.
 * BuildKit's Dockerfile frontend is the reference; deviations are in this folder's README.
 * Invariant: pure. No I/O, no `node:` import; runs in a browser.
 */
export type * from './ast.ts'
export * from './chmod.ts'
export * from './created-by.ts'
export type * from './diagnostic.ts'
export * from './dockerignore.ts'
export * from './errors.ts'
export * from './expand.ts'
export * from './expose.ts'
export * from './format-diagnostic.ts'
export * from './glob.ts'
export * from './mount.ts'
export * from './ownership.ts'
export { parseDockerfile } from './parse.ts'
export * from './paths.ts'
export * from './predefined.ts'
export type * from './range.ts'
export * from './resolve.ts'
export * from './signal.ts'
export * from './stages.ts'
export * from './trigger.ts'
