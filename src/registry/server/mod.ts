/**
 * The registry behind `lamina serve`: distribution-spec on the store's content, with its own repositories, tags and uploads.
 * Refuses what it cannot verify. Invariant: a blob or manifest is readable in a repository only when it was pushed or mounted there;
 * what else the store holds, and that content is shared, never shows. Sockets are touched in listen.ts alone.
 * Background: README.md. SPEC: opencontainers/distribution-spec 1.1 and main.
 */
export type { Access, Action, Authorize, Decision } from './authorize.ts'
export { ListenError, type RequestEvent } from './listen.ts'
export type { SparsePolicy } from './registry.ts'
export { startRegistry, type RegistryOptions, type RunningRegistry } from './start-registry.ts'
