/**
 * Containers: an image's config becomes an OCI runtime's, the layers are joined by overlayfs, one command runs to its end.
 * Invariant: nothing outlives this process, however it ends: mounts and processes live in namespaces of a child that dies with it.
 */
export { DEFAULT_PATH, resolveCommand } from './command.ts'
export type { BindMount, ContainerExit, ContainerOptions, ContainerUser } from './container.ts'
export { containerEnvironment } from './environment.ts'
export { runContainer } from './run-container.ts'
export { networkFiles, runImage, type RunImageOptions } from './run-image.ts'
export { RuntimeError } from './runtime-error.ts'
export { missingMountPoints, removeStubs } from './stubs.ts'
export { resolveUser, type ResolvedUser } from './user.ts'
