import { readdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { diskUsage, removeTree, tryLock } from '../../host/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { isDigest, type Digest } from '../../oci/mod.ts'
import type { ContentStore } from '../content/content-store.ts'
import { endDeadLeases } from '../lease/leases.ts'
import type { Database } from '../metadata/database.ts'
import type { GcItem, GcOptions, GcReport, LayerMaintenance } from './gc.ts'
import { reachable, rootsOf, type Edges } from './live.ts'

/** Most rows that one transaction deletes, so that nobody waits long. */
const BATCH = 500
/** An upload of a registry client may rest this long before it counts as given up. */
const UPLOAD_REST = 24 * 3600 * 1000

interface Parts {
  readonly root: string
  readonly database: Database
  readonly content: ContentStore
  readonly layers: LayerMaintenance
}

/** Frees what no root needs. Beside any other work: what it deletes is decided inside the transaction that deletes the rows. */
export async function collectGarbage(parts: Parts, options: GcOptions): Promise<GcReport> {
  const report = new Report(options.onItem)
  const dryRun = options.dryRun === true
  const { root, database, layers } = parts
  if (!dryRun) endDeadLeases(database, join(root, 'locks'))
  if (options.buildCache === true && !dryRun) database.transaction(() => database.run("DELETE FROM roots WHERE owner = 'build'"))
  const edges: Edges = new Map()
  if (dryRun) {
    const live = reachable(database, parts.content, edges, rootsOf(database))
    for (const item of [...garbageBlobs(database, live), ...garbageLayers(layers, live)]) report.add(item)
    forgetImages(database, live, { dryRun }, report)
  } else {
    sweepRows(parts, edges, report, options.signal)
  }
  await sweepFiles(parts, report, { dryRun })
  await layers.sweep((item) => report.add(item), { dryRun })
  await sweepContainers(root, report, { dryRun })
  if (!dryRun) sweepLocks(join(root, 'locks'))
  return report
}

type Garbage = GcItem & { readonly forget: () => void }

function sweepRows(parts: Parts, edges: Edges, report: Report, signal: AbortSignal | undefined): void {
  const { database, content, layers } = parts
  // Filled before the transaction, so that inside it hardly anything is read from disk.
  reachable(database, content, edges, rootsOf(database))
  const sizes = new Map(layers.list().map(({ key, bytes }) => [key, bytes]))
  for (let more = true; more;) {
    signal?.throwIfAborted()
    const batch = database.transaction(() => {
      const live = reachable(database, content, edges, rootsOf(database))
      forgetImages(database, live, { dryRun: false }, report)
      const found: Garbage[] = [
        ...garbageBlobs(database, live),
        ...garbageLayers({ list: () => layerRows(database, sizes), forget: (key) => layers.forget(key) }, live),
      ].slice(0, BATCH)
      for (const item of found) item.forget()
      return found
    })
    for (const item of batch) report.add(item)
    more = batch.length === BATCH
  }
}

function layerRows(database: Database, sizes: ReadonlyMap<string, number>): { key: string; diffId: Digest; bytes: number }[] {
  return database
    .all<{ key: string; diff_id: string }>('SELECT key, diff_id FROM layers')
    .map(({ key, diff_id }) => ({ key, diffId: diff_id as Digest, bytes: sizes.get(key) ?? 0 }))
}

function garbageBlobs(database: Database, live: ReadonlySet<Digest>): Garbage[] {
  return database
    .all<{ digest: string; size: number }>('SELECT digest, size FROM blobs')
    .filter(({ digest }) => !live.has(digest as Digest))
    .map(({ digest, size }) => ({
      kind: 'blob',
      id: digest,
      bytes: size,
      forget: () => void database.run('DELETE FROM blobs WHERE digest = ?', digest),
    }))
}

function garbageLayers(layers: Pick<LayerMaintenance, 'list' | 'forget'>, live: ReadonlySet<Digest>): Garbage[] {
  return layers
    .list()
    .filter(({ diffId }) => !live.has(diffId))
    .map(({ key, diffId, bytes }) => ({ kind: 'layer', id: diffId, bytes, forget: () => layers.forget(key) }))
}

/** Rows of images that nothing names any more. */
function forgetImages(database: Database, live: ReadonlySet<Digest>, { dryRun }: { readonly dryRun: boolean }, report: Report): void {
  for (const { digest, id } of database.all<{ digest: string; id: string }>('SELECT digest, id FROM images')) {
    if (live.has(digest as Digest)) continue
    report.add({ kind: 'image', id, bytes: 0 })
    if (dryRun) continue
    database.run('DELETE FROM images WHERE digest = ?', digest)
    database.run('DELETE FROM conversions WHERE digest = ?1 OR to_digest = ?1', digest)
    database.run('DELETE FROM confirmed WHERE digest = ?', digest)
  }
}

/** Blob files without a row, and what was on its way in when its process died. */
async function sweepFiles({ root, database }: Parts, report: Report, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
  const blobs = join(root, 'blobs')
  for (const algorithm of readdirSync(blobs)) {
    for (const name of readdirSync(join(blobs, algorithm))) {
      const digest = `${algorithm}:${name}`
      const file = join(blobs, algorithm, name)
      const known = (): boolean => isDigest(digest) && database.get('SELECT 1 FROM blobs WHERE digest = ?', digest) !== undefined
      if (known()) continue
      // CRASH: a put holds this lock from before the rename until its row is there.
      using lock = tryLock(join(root, 'locks', digest.replace(':', '-')))
      if (lock === undefined || known() || isYoung(file)) continue
      if (!dryRun) await rm(file, { force: true })
    }
  }
  const damaged = join(root, 'damaged')
  for (const name of readdirSync(damaged)) {
    report.add({ kind: 'blob', id: name, bytes: diskUsage(join(damaged, name)) })
    if (!dryRun) await removeTree(join(damaged, name))
  }
  const ingest = join(root, 'ingest')
  for (const name of readdirSync(ingest)) {
    const path = join(ingest, name)
    const age = Date.now() - modified(path)
    if (name.startsWith('upload-') && age < UPLOAD_REST) continue
    using lock = tryLock(join(root, 'locks', name))
    if (lock === undefined || (name.startsWith('write-') && age < 60_000)) continue
    report.add({ kind: 'ingest', id: name, bytes: diskUsage(path) })
    if (!dryRun) await removeTree(path)
  }
}

/** Directories of containers whose process is gone: it held `lock` in them. */
async function sweepContainers(root: string, report: Report, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
  const containers = join(root, 'containers')
  for (const name of readdirSync(containers)) {
    const path = join(containers, name)
    if (isYoung(path)) {
      // Its process may not have locked it yet.
      try {
        statSync(join(path, 'lock'))
      } catch {
        continue
      }
    }
    using lock = tryLock(join(path, 'lock'))
    if (lock === undefined) continue
    report.add({ kind: 'container', id: name, bytes: diskUsage(path) })
    if (!dryRun) await removeTree(path)
  }
}

/** Lock files that nobody holds; a waiter notices that its file is gone. */
function sweepLocks(locks: string): void {
  for (const name of readdirSync(locks)) tryLock(join(locks, name))?.releaseAndRemove()
}

function isYoung(path: string): boolean {
  return Date.now() - modified(path) < 10_000
}

function modified(path: string): number {
  try {
    return statSync(path).mtimeMs
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}

class Report implements GcReport {
  items = 0
  bytes = 0
  readonly byKind: Record<GcItem['kind'], { items: number; bytes: number }>
  readonly #onItem: ((item: GcItem) => void) | undefined

  constructor(onItem: ((item: GcItem) => void) | undefined) {
    this.#onItem = onItem
    const kinds = ['blob', 'layer', 'ingest', 'staging', 'image', 'container', 'lease'] as const
    this.byKind = Object.fromEntries(kinds.map((kind) => [kind, { items: 0, bytes: 0 }])) as Record<
      GcItem['kind'],
      { items: number; bytes: number }
    >
  }

  add({ kind, id, bytes }: GcItem): void {
    this.items++
    this.bytes += bytes
    this.byKind[kind].items++
    this.byKind[kind].bytes += bytes
    this.#onItem?.({ kind, id, bytes })
  }
}
