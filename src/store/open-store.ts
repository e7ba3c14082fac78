import { mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { explainDiskFull, filesystemOf, syncFileSystem } from '../host/mod.ts'
import { codeOf } from '../kit/mod.ts'
import { fileContentStore } from './content/file-content-store.ts'
import { verifyStore } from './gc/check.ts'
import { collectGarbage } from './gc/collect.ts'
import { createExportable } from './image/exportable.ts'
import { createLayers } from './layers/mod.ts'
import { createLease } from './lease/leases.ts'
import { createImages } from './metadata/images.ts'
import { createRoots } from './metadata/roots.ts'
import { MIGRATIONS } from './metadata/schema.ts'
import { openDatabase } from './metadata/sqlite.ts'
import { createTags } from './metadata/tags.ts'
import { StoreError } from './store-error.ts'
import type { Store } from './store.ts'

/** What a store's directory holds: see docs/store.md. */
const DIRECTORIES = ['blobs/sha256', 'ingest', 'layers', 'l', 'locks', 'containers', 'staging', 'damaged'] as const

/**
 * Opens the store in `root`, making it when absent.
 * @throws StoreError STORE_UNUSABLE (a network filesystem, a file in the way, no rights), SCHEMA_TOO_NEW
 */
export async function openStore(root: string): Promise<Store> {
  const path = resolve(root)
  prepare(path)
  const database = openDatabase(join(path, 'lamina.db'))
  try {
    database.migrate('store', MIGRATIONS)
    const content = fileContentStore(path, database)
    const layers = createLayers({ root: path, database })
    const tags = createTags(database)
    const images = createImages(database, content, tags)
    return {
      root: path,
      database,
      content,
      layers,
      tags,
      images: { ...images, exportable: createExportable({ database, content, layers, images }) },
      roots: createRoots(database),
      lease: async (purpose) => createLease(database, join(path, 'locks'), purpose),
      sync: async () => syncFileSystem(path),
      gc: (options = {}) => collectGarbage({ root: path, database, content, layers }, options),
      verify: (options = {}) => verifyStore({ root: path, database, content, layers }, options),
      async [Symbol.asyncDispose]() {
        database[Symbol.dispose]()
      },
    }
  } catch (error) {
    database[Symbol.dispose]()
    throw error
  }
}

function prepare(root: string): void {
  try {
    const known = existing(root)
    if (DIRECTORIES.every((directory) => known.has(directory.split('/')[0] as string))) return
    const filesystem = filesystemOf(root)
    if (filesystem?.isNetwork === true) {
      throw new StoreError(
        'STORE_UNUSABLE',
        `The store cannot be on ${filesystem.type}: ${root} is on the network filesystem ${filesystem.mountPoint}`,
        {
          hint: 'Choose a directory on a local disk with --root: locks and the database need one',
        },
      )
    }
    for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true, mode: 0o700 })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
      throw new StoreError('STORE_UNUSABLE', `Cannot use ${root} as the store`, {
        cause: error,
        hint: 'Choose another directory with --root or LAMINA_ROOT',
      })
    }
    throw explainDiskFull(error, root)
  }
}

function existing(root: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(root))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Set()
    throw error
  }
}
