/**
 * Everything that is kept: blobs, unpacked layers, tags, images, leases; one directory, any number of processes.
 * Invariants: content first, then what refers to it, then the name; nothing that a root needs is ever swept; each layer exists once.
 */
export type { ContentStore, PutOptions } from './content/content-store.ts'
export type { GcItem, GcOptions, GcReport } from './gc/gc.ts'
export type { VerifyFinding } from './gc/verify.ts'
export { storeSink, type StoreSinkOptions } from './image/store-sink.ts'
export { storeSource } from './image/store-source.ts'
export type { LayerInfo, Layers, Staging, UnpackOptions } from './layers/layers.ts'
export type { NodeType, View, ViewNode } from './layers/view.ts'
export type { Lease } from './lease/lease.ts'
export type { Database, Row, SqlValue } from './metadata/database.ts'
export type { ImageRecord, ImageStore } from './metadata/image-store.ts'
export type { RootStore } from './metadata/root-store.ts'
export type { TagRecord, TagStore } from './metadata/tag-store.ts'
export { openStore } from './open-store.ts'
export { StoreError } from './store-error.ts'
export { storeInfo, type StoreInfo } from './store-info.ts'
export type { Store } from './store.ts'
