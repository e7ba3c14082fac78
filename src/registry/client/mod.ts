/**
 * A registry as a source and a sink of images: authentication, retries, transfers that go on where they broke.
 * Refuses to send credentials anywhere but to the registry and its token server. Trusts no manifest before its digest is verified;
 * blobs are verified by whoever keeps them. distribution-spec 1.1, HTTP/1.1 by `node:http` (why: transport/http-transport.ts).
 * Invariant: only `transport/` touches the network; nothing is read from disk or environment.
 */
export { dockerCredentials } from './auth/docker-credentials.ts'
export type { Credentials, RegistryOptions, RetrySettings } from './options.ts'
export { RegistryError, type RegistryErrorCode } from './registry-error.ts'
export { registrySink } from './registry-sink.ts'
export { registrySource } from './registry-source.ts'
