import { filesystemOf, freeSpace } from '../host/mod.ts'
import type { Store } from './store.ts'

export interface StoreInfo {
  readonly root: string
  readonly filesystem: string
  readonly canRunContainers: boolean
  readonly freeBytes: number
  readonly images: number
  readonly names: number
  readonly blobs: number
  readonly blobBytes: number
  readonly layers: number
  readonly buildSteps: number
}

/** Figures for people. Counts are of rows; nothing is read from disk. */
export async function storeInfo(store: Store): Promise<StoreInfo> {
  const { database, root } = store
  const filesystem = filesystemOf(root)
  const blobs = database.get<{ count: number; bytes: number }>('SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM blobs')
  const layers = database.get<{ count: number }>('SELECT count(DISTINCT diff_id) AS count FROM layers')
  return {
    root,
    filesystem: filesystem?.type ?? 'unknown',
    canRunContainers: filesystem?.canBeOverlayUpper ?? false,
    freeBytes: freeSpace(root),
    images: store.images.list().length,
    names: store.tags.list().length,
    blobs: blobs?.count ?? 0,
    blobBytes: blobs?.bytes ?? 0,
    layers: layers?.count ?? 0,
    buildSteps: store.roots.list('build').length,
  }
}
