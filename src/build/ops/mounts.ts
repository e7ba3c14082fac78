import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathFilter } from '../../dockerfile/mod.ts'
import { acquireLock, tryLock, type FileLock } from '../../host/mod.ts'
import type { BindMount } from '../../runtime/mod.ts'
import type { Lease } from '../../store/mod.ts'
import { copyFiles } from '../copy/copy-files.ts'
import { viewTree } from '../copy/source-tree.ts'
import { UpperWriter } from '../copy/upper-writer.ts'
import { diffIdsOf, type StepResult } from '../step-result.ts'
import type { OpTools } from './tools.ts'

/** A mount of RUN. `input` is the place, among the step's mount inputs, of a layer that holds the files at `MOUNT_PLACE`. */
export type RunMount = { readonly target: string; /** What of it belongs to the step's key. */ readonly key: string } & (
  | { readonly kind: 'bind'; readonly input: number; readonly readOnly: boolean }
  | { readonly kind: 'tmpfs' }
  | {
      readonly kind: 'cache'
      readonly id: string
      readonly sharing: 'shared' | 'private' | 'locked'
      readonly readOnly: boolean
      readonly mode: number
      readonly uid: number
      readonly gid: number
      /** What a new cache starts with. */
      readonly input: number | undefined
    }
)

/** Where COPY puts what is to be mounted: a directory or a file. */
export const MOUNT_PLACE = '/files'

export interface OpenMounts extends AsyncDisposable {
  readonly binds: readonly BindMount[]
}

interface MountContext {
  readonly inputs: readonly StepResult[]
  readonly scratch: string
  readonly lease: Lease
  readonly signal: AbortSignal
}

/** Prepares a step's mounts on this machine: locks of caches are held until they are disposed of. */
export async function openMounts(
  tools: OpTools,
  { mounts, emptyCaches }: { readonly mounts: readonly RunMount[]; readonly emptyCaches: boolean },
  context: MountContext,
): Promise<OpenMounts> {
  const locks: FileLock[] = []
  const release = async (): Promise<void> => {
    for (const lock of locks) lock.release()
  }
  try {
    const binds: BindMount[] = []
    for (const [i, mount] of mounts.entries()) {
      switch (mount.kind) {
        case 'tmpfs': {
          const source = join(context.scratch, `tmpfs-${i}`)
          mkdirSync(source)
          chmodSync(source, 0o1777)
          binds.push({ source, target: mount.target, readOnly: false })
          break
        }
        case 'bind': {
          const source = mount.readOnly
            ? await filesOf(tools, mount.input, context)
            : await copyOf(tools, mount.input, join(context.scratch, `bind-${i}`), context)
          binds.push({ source, target: mount.target, readOnly: mount.readOnly })
          break
        }
        case 'cache': {
          const cache = await openCache(join(tools.store.root, 'mounts'), mount, context.signal)
          locks.push(cache.lock)
          await prepareCache(tools, cache.path, { mount, emptyCaches, context })
          binds.push({ source: cache.path, target: mount.target, readOnly: mount.readOnly })
          break
        }
      }
    }
    return { binds, [Symbol.asyncDispose]: release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The files where they are unpacked: never to be written to. */
async function filesOf(tools: OpTools, input: number, { inputs, lease }: MountContext): Promise<string> {
  const view = await tools.store.layers.view(diffIdsOf(inputs[input] as StepResult), lease)
  const node = view.lookup(MOUNT_PLACE)
  if (node === undefined) throw new Error(`The layer of mount ${input} has no ${MOUNT_PLACE}`)
  return node.hostPath
}

async function copyOf(tools: OpTools, input: number, to: string, { inputs, lease, signal }: MountContext): Promise<string> {
  mkdirSync(to, { recursive: true })
  const view = await tools.store.layers.view(diffIdsOf(inputs[input] as StepResult), lease)
  const node = view.lookup(MOUNT_PLACE)
  if (node === undefined) throw new Error(`The layer of mount ${input} has no ${MOUNT_PLACE}`)
  const writer = new UpperWriter(to, await tools.store.layers.view([], lease))
  await copyFiles(writer, {
    tree: viewTree(view, 'the mount'),
    sources: [{ name: MOUNT_PLACE, node }],
    inline: [],
    destination: node.type === 'directory' ? '/' : MOUNT_PLACE,
    owner: undefined,
    chmod: undefined,
    excludes: pathFilter([]),
    signal,
  })
  return node.type === 'directory' ? to : join(to, MOUNT_PLACE)
}

type CacheMount = Extract<RunMount, { kind: 'cache' }>

async function openCache(
  mounts: string,
  { id, sharing }: CacheMount,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly lock: FileLock }> {
  mkdirSync(mounts, { recursive: true, mode: 0o700 })
  const base = join(mounts, createHash('sha256').update(id).digest('hex').slice(0, 32))
  if (sharing !== 'private') return { path: base, lock: await acquireLock(`${base}.lock`, { shared: sharing === 'shared', signal }) }
  for (let i = 0; ; i++) {
    const path = i === 0 ? base : `${base}-${i}`
    const lock = tryLock(`${path}.lock`)
    if (lock !== undefined) return { path, lock }
  }
}

async function prepareCache(
  tools: OpTools,
  path: string,
  { mount, emptyCaches, context }: { readonly mount: CacheMount; readonly emptyCaches: boolean; readonly context: MountContext },
): Promise<void> {
  if (emptyCaches) await rm(path, { recursive: true, force: true })
  if (mkdirSync(path, { recursive: true }) === undefined) return
  if (mount.input !== undefined) await copyOf(tools, mount.input, path, context)
  chownSync(path, mount.uid, mount.gid)
  chmodSync(path, mount.mode)
}
