import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryStore } from '../testing.ts'
import { groupCommit } from './_group-commit.ts'
import { blobsContract, type OpenBlobs } from './blobs-contract.ts'
import { filesystemStorage } from './filesystem-storage.ts'
import { metadataContract } from './metadata-contract.ts'
import { sqliteStorage } from './sqlite-storage.ts'

metadataContract('SQLite', async () => {
  const { store, [Symbol.asyncDispose]: remove } = await temporaryStore()
  const { metadata } = sqliteStorage(store.database, store.roots)
  return { metadata, roots: async () => store.roots.list('registry').toSorted(), [Symbol.asyncDispose]: remove }
})

blobsContract('filesystem', async () => {
  const { store, [Symbol.asyncDispose]: remove } = await temporaryStore()
  const opened = (end: () => PromiseLike<void>): OpenBlobs => {
    const { blobs, uploads, [Symbol.asyncDispose]: close } = filesystemStorage(store)
    return {
      blobs,
      uploads,
      reopen: async () => opened(async () => {}),
      async [Symbol.asyncDispose]() {
        await close()
        await end()
      },
    }
  }
  return opened(remove)
})

test('a write that fails spoils no other one of its group', async () => {
  await using opened = await temporaryStore()
  const { database, roots } = opened.store
  sqliteStorage(database, roots)
  const write = groupCommit(database)
  const insert = (id: string) =>
    database.run(`INSERT INTO registry_uploads (id, repository, algorithm, started_at) VALUES (?, 'a', 'sha256', 1)`, id)
  const results = await Promise.allSettled([
    write(() => insert('one')),
    write(() => {
      insert('two')
      throw new Error('no')
    }),
    write(() => insert('three')),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(
    database.all('SELECT id FROM registry_uploads ORDER BY id').map((row) => row['id']),
    ['one', 'three'],
  )
})
