/**
 * The nouns of the field: references, digests, media types, descriptors, manifests, image indexes, image configs, platforms.
 * Refuses what is malformed or can be read in two ways, naming the rule; keeps documents as the bytes they are.
 * Invariant: pure. No I/O, no `node:` import; runs in a browser. OCI image-spec 1.1, Docker image manifest v2 schema 2.
 */
export { parseDescriptor, type Descriptor } from './descriptor.ts'
export * from './digest.ts'
export * from './image-config.ts'
export * from './manifest.ts'
export * from './media-type.ts'
export * from './platform.ts'
export * from './reference.ts'
export { isRepositoryName, isTag } from './repository-name.ts'
