import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { encodePath, fsPath } from '../../archive/mod.ts'
import { codeOf } from '../../kit/mod.ts'
import { digestFrom, type DiffId } from '../../oci/mod.ts'
import { PIECE, rechunk } from '../../stream/mod.ts'
import { StoreError } from '../store-error.ts'
import { replacedName } from './extract.ts'
import { readToc, type PayloadRecord } from './toc.ts'

export interface UnpackedLayer {
  readonly diffId: DiffId
  readonly directory: string
  readonly toc: string
  /** Holds payloads that have no place in the directory. */
  readonly extra: string
}

/** Where each payload's bytes are, in the tar's order. */
export function payloadFiles(layer: UnpackedLayer): (record: PayloadRecord) => string | Buffer {
  const extra = existsSync(layer.extra) ? new Set(readdirSync(layer.extra)) : new Set<string>()
  let number = 0
  return (record) => {
    const replaced = replacedName(number++)
    if (record.isKeptAside) return `${layer.extra}/${record.path}`
    if (extra.has(replaced)) return `${layer.extra}/${replaced}`
    return typeof fsPath(record.path) === 'string'
      ? `${layer.directory}/${record.path}`
      : Buffer.concat([Buffer.from(`${layer.directory}/`), encodePath(record.path)])
  }
}

/**
 * The layer's tar, bit by bit. The last piece is withheld until the whole has the right digest.
 * @throws StoreError LAYER_DAMAGED
 */
export async function* rebuildTar(
  layer: UnpackedLayer,
  options: { readonly start?: number | undefined; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let skip = options.start ?? 0
  let held: Uint8Array | undefined
  for await (const piece of rechunk(allBytes(layer))) {
    options.signal?.throwIfAborted()
    hash.update(piece)
    const rest = skip >= piece.length ? undefined : piece.subarray(skip)
    skip = Math.max(0, skip - piece.length)
    if (rest === undefined) continue
    if (held !== undefined) yield held
    held = rest
  }
  if (digestFrom('sha256', hash.digest('hex')) !== layer.diffId) throw damaged(layer.diffId, 'its files have changed')
  if (held !== undefined) yield held
}

async function* allBytes(layer: UnpackedLayer): AsyncGenerator<Uint8Array> {
  const fileOf = payloadFiles(layer)
  for (const record of readToc(layer.toc)) {
    if (record.kind === 'raw') yield record.bytes
    else yield* payload(layer, fileOf(record), record)
  }
}

async function* payload(layer: UnpackedLayer, file: string | Buffer, record: PayloadRecord): AsyncGenerator<Uint8Array> {
  try {
    await using handle = await open(file, 'r')
    for (const { offset, length } of record.segments ?? [{ offset: 0, length: record.size }]) {
      for (let at = 0; at < length;) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, length - at))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset + at)
        if (bytesRead === 0) throw damaged(layer.diffId, `${record.path} is too short`)
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw damaged(layer.diffId, `${record.path} is missing`)
    throw error
  }
}

export function damaged(diffId: DiffId, problem: string): StoreError {
  return new StoreError('LAYER_DAMAGED', `Layer ${diffId} in the store is damaged: ${problem}`, {
    hint: "'lamina verify' names all damage and sets it aside; then pull or build the image again",
  })
}
