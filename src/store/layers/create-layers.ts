import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock, diskUsage, explainDiskFull, removeTree, tryLock, type FileLock } from '../../host/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { digestFrom, encodedOf, type DiffId } from '../../oci/mod.ts'
import { chainIds, type ByteStream } from '../../stream/mod.ts'
import type { GcItem, LayerMaintenance } from '../gc/gc.ts'
import type { Lease } from '../lease/lease.ts'
import type { Database, Row } from '../metadata/database.ts'
import { StoreError } from '../store-error.ts'
import { layerProblem } from './check-layer.ts'
import { runLayerJob, type LayerResult } from './layer-job.ts'
import { viewOf, type ViewLayer } from './layer-view.ts'
import type { LayerInfo, Layers, Staging, UnpackOptions } from './layers.ts'
import type { Needs } from './needs.ts'
import { rebuildTar, type UnpackedLayer } from './rebuild.ts'
import { createStaging, sweepStaging } from './staging.ts'
import { adjustmentsOf, makeVariant, mergeView, type Adjustments } from './variants.ts'
import type { View } from './view.ts'

/** `key` names the directory; a plain layer's is its diffID's hex, a variant's has the chain below it behind. `id` makes the short name. */
const MIGRATIONS = [
  `
  CREATE TABLE layers (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, diff_id TEXT NOT NULL, tar_size INTEGER NOT NULL, size INTEGER NOT NULL, needs TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX layers_by_diff_id ON layers (diff_id);
  `,
]

/** Overlayfs takes 500 lower directories. */
const MAX_LOWER = 500

interface LayerRow extends Row {
  readonly id: number
  readonly key: string
  readonly diff_id: string
  readonly tar_size: number
  readonly size: number
  readonly needs: string
}

export function createLayers({ root, database }: { readonly root: string; readonly database: Database }): Layers & LayerMaintenance {
  database.migrate('layers', MIGRATIONS)
  return new LayerStore(root, database)
}

class LayerStore implements Layers, LayerMaintenance {
  readonly #root: string
  readonly #database: Database

  constructor(root: string, database: Database) {
    this.#root = root
    this.#database = database
  }

  find(diffId: DiffId, lease?: Lease): LayerInfo | undefined {
    lease?.hold(diffId)
    const row = this.#row(encodedOf(diffId))
    return row === undefined ? undefined : infoOf(row)
  }

  async unpack(source: ByteStream, options: UnpackOptions): Promise<LayerInfo> {
    const { want, lease, signal } = options
    if (want !== undefined) {
      const found = this.find(want, lease)
      if (found !== undefined) return found
    }
    requireRoot()
    using lock = want === undefined ? undefined : await acquireLock(this.#lockPath(want), { signal })
    const meanwhile = want === undefined ? undefined : this.find(want, lease)
    if (meanwhile !== undefined) return meanwhile
    await using staging = createStaging(join(this.#root, 'staging'))
    const toc = join(staging.scratch, 'toc')
    const result = await this.#guard(() =>
      runLayerJob(
        { kind: 'unpack', target: staging.upper, toc },
        { source, signal, onBytes: options.onBytes, onWarning: options.onWarning },
      ),
    )
    const diffId = digestFrom('sha256', result.sha256)
    if (want !== undefined && want !== diffId) {
      throw new StoreError('LAYER_MISMATCH', `The layer's uncompressed tar has the digest ${diffId}, its image config says ${want}`, {
        hint: 'The image is broken where it comes from; nothing of it was kept',
      })
    }
    return await this.#publish(staging, diffId, result, { lease, signal, lock })
  }

  async stage(lease: Lease, below: readonly DiffId[] = []): Promise<Staging> {
    requireRoot()
    return createStaging(join(this.#root, 'staging'), await this.view(below, lease))
  }

  async commit(
    staging: Staging,
    below: readonly DiffId[],
    options: { readonly lease: Lease; readonly signal?: AbortSignal | undefined; readonly clampTo?: number | undefined },
  ): Promise<LayerInfo> {
    const { lease, signal, clampTo } = options
    const layers = await this.#viewLayers(below, lease)
    const toc = join(staging.scratch, 'toc')
    const result = await this.#guard(() => runLayerJob({ kind: 'commit', upper: staging.upper, toc, below: layers, clampTo }, { signal }))
    return this.#publish(staging, digestFrom('sha256', result.sha256), result, { lease, signal, lock: undefined })
  }

  async resolve(diffIds: readonly DiffId[], lease: Lease): Promise<readonly string[]> {
    return (await this.#join(diffIds, lease)).map(({ id }) => shortName(id)).toReversed()
  }

  async view(diffIds: readonly DiffId[], lease: Lease): Promise<View> {
    return viewOf(await this.#viewLayers(diffIds, lease))
  }

  async openTar(diffId: DiffId, options: { readonly start?: number; readonly signal?: AbortSignal | undefined } = {}): Promise<ByteStream> {
    const row = this.#row(encodedOf(diffId))
    if (row === undefined) throw unknown(diffId)
    return rebuildTar(this.#unpacked(diffId), options)
  }

  list(): readonly { readonly key: string; readonly diffId: DiffId; readonly bytes: number }[] {
    return this.#database.all<LayerRow>('SELECT * FROM layers').map(({ key, diff_id }) => ({
      key,
      diffId: diff_id as DiffId,
      bytes: existsSync(this.#directory(key)) ? diskUsage(this.#directory(key)) : 0,
    }))
  }

  forget(key: string): void {
    this.#database.run('DELETE FROM layers WHERE key = ?', key)
  }

  async sweep(onItem: (item: GcItem) => void, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
    await sweepStaging(join(this.#root, 'staging'), { dryRun }, (id, bytes) => onItem({ kind: 'staging', id, bytes }))
    if (dryRun) return
    const isKnown = (key: string): boolean => this.#row(key) !== undefined
    for (const name of readdirSync(join(this.#root, 'layers'))) {
      const key = name.replace(/\.(toc|extra)$/, '')
      if (isKnown(key)) continue
      // CRASH: a publish holds this lock from before the first rename until its row is there.
      using lock = tryLock(this.#lockPath(`sha256:${key.slice(0, 64)}`))
      if (lock === undefined || isKnown(key)) continue
      await removeTree(join(this.#root, 'layers', name))
    }
    const ids = new Set(this.#database.all<{ id: number }>('SELECT id FROM layers').map(({ id }) => shortName(id)))
    for (const name of readdirSync(join(this.#root, 'l')))
      if (!ids.has(name) && !existsSync(join(this.#root, 'l', name))) unlinkSync(join(this.#root, 'l', name))
  }

  async verify(diffId: DiffId): Promise<string | undefined> {
    const key = encodedOf(diffId)
    if (this.#row(key) === undefined) return undefined
    const look = (): string | undefined => layerProblem(this.#unpacked(diffId))
    if (look() === undefined) return undefined
    // Others may have swept it meanwhile: look again while nobody can.
    using lock = await acquireLock(this.#lockPath(diffId))
    void lock
    const problem = this.#row(key) === undefined ? undefined : look()
    if (problem === undefined) return undefined
    this.#database.transaction(() => this.#database.run('DELETE FROM layers WHERE diff_id = ?', diffId))
    for (const suffix of ['', '.toc', '.extra'])
      rename(join(this.#root, 'layers', key + suffix), join(this.#root, 'damaged', `layer-${key}${suffix}`))
    return problem
  }

  /** Plain layers or variants, bottom first; a repeated layer keeps its topmost place (overlayfs refuses a directory twice). */
  async #join(diffIds: readonly DiffId[], lease: Lease): Promise<LayerRow[]> {
    lease.hold(...diffIds)
    const chain = chainIds(diffIds)
    const rows: LayerRow[] = []
    for (const [i, diffId] of diffIds.entries()) {
      const plain = this.#row(encodedOf(diffId))
      if (plain === undefined) throw unknown(diffId)
      rows.push(await this.#fit(plain, rows, i === 0 ? undefined : chain[i - 1]))
    }
    const joined = rows.filter((row, i) => rows.findLastIndex((other) => other.id === row.id) === i)
    if (joined.length <= MAX_LOWER) return joined
    const lowest = joined.slice(0, joined.length - MAX_LOWER + 1)
    return [await this.#merged(lowest), ...joined.slice(lowest.length)]
  }

  /** The layer as it must be on top of `below`. */
  async #fit(plain: LayerRow, below: readonly LayerRow[], chainId: DiffId | undefined): Promise<LayerRow> {
    const needs = JSON.parse(plain.needs) as Needs
    if (needs.whiteouts.length === 0 && needs.links.length === 0 && needs.implied.every((path) => path === '') && this.#hasPlainRoot(below))
      return plain
    const key = `${plain.key}-${chainId === undefined ? 'base' : encodedOf(chainId)}`
    const known = this.#row(key)
    if (known !== undefined) return known
    const adjustments = adjustmentsOf(needs, viewOf(this.#asViewLayers(below)), this.#toc(plain.key))
    if (adjustments === undefined) return plain
    return this.#makeVariant(plain, key, adjustments)
  }

  /** Nearly every image's root is 0755 root:root: then a layer without an entry for it is right as it is. */
  #hasPlainRoot(below: readonly LayerRow[]): boolean {
    const root = viewOf(this.#asViewLayers(below)).lookup('/')
    return root === undefined || (root.mode === 0o755 && root.uid === 0 && root.gid === 0)
  }

  async #makeVariant(plain: LayerRow, key: string, adjustments: Adjustments): Promise<LayerRow> {
    return this.#derive(key, plain, (target) => makeVariant(this.#directory(plain.key), target, adjustments))
  }

  async #merged(rows: readonly LayerRow[]): Promise<LayerRow> {
    const top = rows.at(-1) as LayerRow
    const chain = chainIds(rows.map((row) => digestFrom('sha256', row.key.slice(0, 64)))).at(-1) as DiffId
    const key = `${encodedOf(top.diff_id as DiffId)}-merged-${encodedOf(chain)}`
    return this.#row(key) ?? this.#derive(key, top, (target) => mergeView(viewOf(this.#asViewLayers(rows)), target))
  }

  async #derive(key: string, like: LayerRow, fill: (target: string) => void): Promise<LayerRow> {
    using lock = await acquireLock(this.#lockPath(like.diff_id))
    void lock
    const known = this.#row(key)
    if (known !== undefined) return known
    await using staging = createStaging(join(this.#root, 'staging'))
    await this.#guard(async () => {
      mkdirSync(staging.upper)
      fill(staging.upper)
    })
    await removeTree(this.#directory(key))
    renameSync(staging.upper, this.#directory(key))
    return this.#record(key, like.diff_id as DiffId, {
      tarSize: like.tar_size,
      size: like.size,
      needs: { implied: [], whiteouts: [], links: [] },
    })
  }

  async #publish(
    staging: Staging,
    diffId: DiffId,
    result: LayerResult,
    options: { readonly lease: Lease; readonly signal: AbortSignal | undefined; readonly lock: FileLock | undefined },
  ): Promise<LayerInfo> {
    options.lease.hold(diffId)
    using own = options.lock === undefined ? await acquireLock(this.#lockPath(diffId), { signal: options.signal }) : undefined
    void own
    const found = this.find(diffId)
    if (found !== undefined) return found
    const key = encodedOf(diffId)
    // CRASH: leftovers of a kill between these renames have no row; whoever comes next replaces them.
    for (const suffix of ['', '.toc', '.extra']) await removeTree(this.#directory(key) + suffix)
    renameSync(join(staging.scratch, 'toc'), this.#toc(key))
    rename(`${staging.upper}.extra`, `${this.#directory(key)}.extra`)
    renameSync(staging.upper, this.#directory(key))
    return infoOf(this.#record(key, diffId, result))
  }

  #record(key: string, diffId: DiffId, { tarSize, size, needs }: Pick<LayerResult, 'tarSize' | 'size' | 'needs'>): LayerRow {
    const row = this.#database.transaction(() => {
      this.#database.run(
        'INSERT OR REPLACE INTO layers (key, diff_id, tar_size, size, needs, at) VALUES (?, ?, ?, ?, ?, ?)',
        key,
        diffId,
        tarSize,
        size,
        JSON.stringify(needs),
        Date.now(),
      )
      const made = this.#row(key) as LayerRow
      symlinkSync(join('..', 'layers', key), join(this.#root, 'l', shortName(made.id)))
      return made
    })
    return row
  }

  async #viewLayers(diffIds: readonly DiffId[], lease: Lease): Promise<ViewLayer[]> {
    return this.#asViewLayers(await this.#join(diffIds, lease))
  }

  /** Topmost first, as a view wants them. */
  #asViewLayers(rows: readonly LayerRow[]): ViewLayer[] {
    return rows
      .map((row) => ({
        directory: this.#directory(row.key),
        toc: row.key.includes('-merged-') ? undefined : this.#toc(encodedOf(row.diff_id as DiffId)),
      }))
      .toReversed()
  }

  #unpacked(diffId: DiffId): UnpackedLayer {
    const key = encodedOf(diffId)
    return { diffId, directory: this.#directory(key), toc: this.#toc(key), extra: `${this.#directory(key)}.extra` }
  }

  #row(key: string): LayerRow | undefined {
    return this.#database.get<LayerRow>('SELECT * FROM layers WHERE key = ?', key)
  }

  #directory(key: string): string {
    return join(this.#root, 'layers', key)
  }

  #toc(key: string): string {
    return join(this.#root, 'layers', `${key}.toc`)
  }

  #lockPath(diffId: string): string {
    return join(this.#root, 'locks', `layer-${diffId.replace(':', '-')}`)
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw explainDiskFull(error, this.#root)
    }
  }
}

function infoOf(row: LayerRow): LayerInfo {
  return { diffId: row.diff_id as DiffId, tarSize: row.tar_size, size: row.size }
}

function shortName(id: number): string {
  return id.toString(36)
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new StoreError('PRIVILEGE_MISSING', 'Unpacking layers needs root: their files belong to many users', {
    hint: 'Run the command as root; pull, push, copy, save and serve work without',
  })
}

function unknown(diffId: DiffId): StoreError {
  return new StoreError('LAYER_UNKNOWN', `Layer ${diffId} is not unpacked in the store`, { hint: 'Pull or build the image again' })
}
