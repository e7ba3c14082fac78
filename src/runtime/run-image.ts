import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomName, removeTree, tryLock } from '../host/mod.ts'
import type { ImageRecord, Lease, Store } from '../store/mod.ts'
import { resolveCommand } from './command.ts'
import type { BindMount, ContainerExit } from './container.ts'
import { containerEnvironment } from './environment.ts'
import { runContainer } from './run-container.ts'
import { RuntimeError } from './runtime-error.ts'
import { resolveUser } from './user.ts'

export interface RunImageOptions {
  readonly store: Store
  readonly lease: Lease
  readonly record: ImageRecord
  /** Instead of the image's Cmd, when not empty. */
  readonly args: readonly string[]
  /** `NAME=value`. */
  readonly env: readonly string[]
  readonly workdir?: string | undefined
  readonly user?: string | undefined
  /** Instead of the image's Entrypoint; the image's Cmd is left out then. */
  readonly entrypoint?: string | undefined
  readonly hostname?: string | undefined
  readonly network: 'host' | 'none'
  readonly interactive: boolean
  readonly terminal: boolean
}

/**
 * Runs an image's command in a new container that is removed afterwards. The container's directory is locked while it lives, so that gc removes what a
 * killed process has left.
 * @throws RuntimeError, StoreError
 */
export async function runImage(options: RunImageOptions): Promise<ContainerExit> {
  const { store, lease, record } = options
  const { config } = await store.images.read(record)
  const image = config.config ?? {}
  const diffIds = config.rootfs.diff_ids
  await unpackMissing(options)
  const lowerdirs = await store.layers.resolve(diffIds, lease)
  const view = await store.layers.view(diffIds, lease)

  const entrypoint = options.entrypoint === undefined ? (image.Entrypoint ?? []) : options.entrypoint === '' ? [] : [options.entrypoint]
  const command = options.args.length > 0 || options.entrypoint !== undefined ? options.args : (image.Cmd ?? [])
  const args = [...entrypoint, ...command]
  const [program] = args
  if (program === undefined) {
    throw new RuntimeError('COMMAND_MISSING', 'The image has neither ENTRYPOINT nor CMD', {
      hint: 'Write the command behind the image’s name',
    })
  }
  const id = randomName()
  const user = resolveUser(view, options.user ?? image.User ?? '')
  const hostname = options.hostname ?? id.slice(0, 12)
  const env = containerEnvironment({ image: image.Env ?? [], asked: options.env, hostname, home: user.home, terminal: options.terminal })
  const cwd = options.workdir ?? (image.WorkingDir || '/')
  resolveCommand(view, program, { env, cwd })

  const directory = join(store.root, 'containers', id)
  mkdirSync(directory, { mode: 0o700 })
  using lock = tryLock(join(directory, 'lock'))
  void lock
  try {
    const [upper, work, bundle] = ['upper', 'work', 'bundle'].map((name) => join(directory, name)) as [string, string, string]
    for (const part of [upper, work, bundle]) mkdirSync(part, { mode: 0o755 })
    return await runContainer({
      root: store.root,
      lowerdirs,
      upper,
      work,
      bundle,
      forCommit: false,
      args,
      env,
      cwd,
      user,
      hostname,
      network: options.network,
      terminal: options.terminal,
      mounts: networkFiles(bundle, { hostname, readOnly: false }),
      stdin: options.interactive || options.terminal ? 'inherit' : 'ignore',
      output: 'inherit',
      forwardSignals: true,
    })
  } finally {
    await removeTree(directory)
  }
}

/** Layers that were pulled without being unpacked (as another user) are unpacked now. */
async function unpackMissing({ store, lease, record }: RunImageOptions): Promise<void> {
  const { manifest, config } = await store.images.read(record)
  for (const [i, diffId] of config.rootfs.diff_ids.entries()) {
    const layer = manifest.layers[i]
    if (layer === undefined || store.layers.find(diffId, lease) !== undefined) continue
    await store.layers.unpack(await store.content.open(layer.digest), { lease, want: diffId })
  }
}

/** resolv.conf and hosts of this machine as copies in `directory`, to be bound into a container. */
export function networkFiles(directory: string, options: { readonly hostname: string; readonly readOnly: boolean }): readonly BindMount[] {
  const resolv = join(directory, 'resolv.conf')
  const hosts = join(directory, 'hosts')
  try {
    copyFileSync('/etc/resolv.conf', resolv)
  } catch {
    writeFileSync(resolv, '') // no name service here, so none in the container
  }
  writeFileSync(hosts, `127.0.0.1\tlocalhost ${options.hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`)
  return [
    { source: resolv, target: '/etc/resolv.conf', readOnly: options.readOnly },
    { source: hosts, target: '/etc/hosts', readOnly: options.readOnly },
  ]
}
