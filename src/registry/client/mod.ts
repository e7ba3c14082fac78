/**
 * A registry as an image source and an image sink: challenges, tokens, retries, resumed downloads. No module but `transport/` touches the network.
 * Invariant: credentials go to the registry that they are for and to its token server, nowhere else.
 */
export { dockerCredentials } from './auth/docker-credentials.ts'
export type { Credentials, RegistryOptions } from './options.ts'
export { RegistryError } from './registry-error.ts'
export { registrySink } from './registry-sink.ts'
export { registrySource } from './registry-source.ts'
