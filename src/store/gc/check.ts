import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock } from '../../host/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { algorithmOf, isImageConfigType, parseImageConfig, parseManifestDocument, type Digest } from '../../oci/mod.ts'
import { digestStream, fileStream } from '../../stream/mod.ts'
import type { ContentStore } from '../content/content-store.ts'
import type { Database } from '../metadata/database.ts'
import type { LayerMaintenance } from './gc.ts'
import { reachable } from './live.ts'
import type { VerifyFinding } from './verify.ts'

interface Parts {
  readonly root: string
  readonly database: Database
  readonly content: ContentStore
  readonly layers: LayerMaintenance
}

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, total: number) => void
}

/** Re-reads every blob and layer. What is damaged is set aside, so that it counts as absent and the next pull or build brings it again. */
export async function* verifyStore(parts: Parts, options: VerifyOptions): AsyncGenerator<VerifyFinding> {
  const { database, layers } = parts
  const integrity = database.get<{ integrity_check: string }>('PRAGMA integrity_check(1)')?.integrity_check
  if (integrity !== undefined && integrity !== 'ok') yield { kind: 'database', id: 'lamina.db', problem: integrity, usedBy: [] }
  const usedBy = tagsOf(parts)

  const blobs = database.all<{ digest: string }>('SELECT digest FROM blobs').map(({ digest }) => digest as Digest)
  const diffIds = [...new Set(layers.list().map(({ diffId }) => diffId))]
  const total = blobs.length + diffIds.length
  let done = 0
  for (const digest of blobs) {
    options.signal?.throwIfAborted()
    const problem = await blobProblem(parts, digest, options.signal)
    if (problem !== undefined) yield { kind: 'blob', id: digest, problem, usedBy: usedBy(digest) }
    options.onProgress?.(++done, total)
  }
  for (const diffId of diffIds) {
    options.signal?.throwIfAborted()
    const problem = await layers.verify(diffId)
    if (problem !== undefined) yield { kind: 'layer', id: diffId, problem, usedBy: usedBy(diffId) }
    options.onProgress?.(++done, total)
  }
  yield* missing(parts)
}

async function blobProblem(
  { root, database, content }: Parts,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const path = content.path(digest)
  const isKnown = (): boolean => database.get('SELECT 1 FROM blobs WHERE digest = ?', digest) !== undefined
  const look = async (): Promise<string | undefined> => {
    try {
      const got = await digestStream(fileStream(path, { signal }), algorithmOf(digest))
      return got.digest === digest ? undefined : `its bytes have the digest ${got.digest}`
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'its file is missing'
      throw error
    }
  }
  if ((await look()) === undefined) return undefined
  // Others may have replaced or swept it meanwhile: look again while nobody can.
  using lock = await acquireLock(join(root, 'locks', digest.replace(':', '-')), { signal })
  void lock
  const problem = isKnown() ? await look() : undefined
  if (problem === undefined) return undefined
  database.transaction(() => database.run('DELETE FROM blobs WHERE digest = ?', digest))
  try {
    renameSync(path, join(root, 'damaged', digest.replace(':', '-')))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  return problem
}

/** Content that a tag needs and that is nowhere. A layer is there as a blob or unpacked. */
function* missing({ database, content, layers }: Parts): Generator<VerifyFinding> {
  const unpacked = new Set(layers.list().map(({ diffId }) => diffId))
  const has = (digest: Digest): boolean => content.find(digest) !== undefined || unpacked.has(digest)
  function* needs(target: { readonly digest: Digest; readonly mediaType: string }): Generator<Digest> {
    if (!has(target.digest)) return yield target.digest
    const document = parseManifestDocument(readFileSync(content.path(target.digest)), target.mediaType)
    if (document.kind === 'index') {
      for (const child of document.manifests) yield* needs(child)
      return
    }
    if (!has(document.config.digest)) return yield document.config.digest
    const isImage = isImageConfigType(document.config.mediaType)
    const diffIds = isImage ? parseImageConfig(readFileSync(content.path(document.config.digest))).rootfs.diff_ids : []
    for (const [i, layer] of document.layers.entries())
      if (!has(layer.digest) && !has(diffIds[i] ?? layer.digest) && layer.urls === undefined) yield layer.digest
  }
  for (const row of database.all<{ name: string; digest: string; media_type: string }>('SELECT name, digest, media_type FROM tags')) {
    for (const digest of needs({ digest: row.digest as Digest, mediaType: row.media_type })) {
      yield { kind: 'tag', id: row.name, problem: `${digest} is missing`, usedBy: [row.name] }
    }
  }
}

/** Which tags need a digest; worked out at the first damage only. */
function tagsOf({ database, content }: Parts): (digest: Digest) => readonly string[] {
  let uses: readonly { readonly name: string; readonly needed: ReadonlySet<Digest> }[] | undefined
  return (digest) => {
    uses ??= database
      .all<{ name: string; digest: string }>('SELECT name, digest FROM tags')
      .map((tag) => ({ name: tag.name, needed: reachable(database, content, new Map(), [tag.digest as Digest]) }))
    return uses.filter(({ needed }) => needed.has(digest)).map(({ name }) => name)
  }
}
