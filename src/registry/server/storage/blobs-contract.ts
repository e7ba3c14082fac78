import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { codeOf } from '../../../kit/mod.ts'
import { brokenAfter, digestOfBytes, piecesOf } from '../testing.ts'
import type { BlobUploads, RegistryBlobs } from './blobs.ts'

export interface OpenBlobs extends AsyncDisposable {
  readonly blobs: RegistryBlobs
  readonly uploads: BlobUploads
  /** The same storage as a new process sees it. */
  readonly reopen: () => Promise<OpenBlobs>
}

const { signal } = new AbortController()

/** What every implementation of RegistryBlobs and BlobUploads does. */
export function blobsContract(name: string, open: () => Promise<OpenBlobs>): void {
  const check = (what: string, body: (opened: OpenBlobs, id: string) => Promise<void>): void =>
    void test(`${name}: ${what}`, async () => {
      await using opened = await open()
      const id = randomUUID()
      await opened.uploads.begin(id, 'sha256')
      await body(opened, id)
    })

  check('what was put is read', async ({ blobs }) => {
    await using held = await blobs.put(Buffer.from('hello'))
    assert.deepEqual([held.content, held.size], [digestOfBytes('hello'), 5])
    assert.equal(new TextDecoder().decode(await blobs.read(held.content, 5)), 'hello')
    assert.equal(await blobs.size(held.content), 5)
    assert.equal(await text(await blobs.open(held.content, { start: 1, end: 4, signal })), 'ell')
    await using again = await blobs.hold(held.content)
    assert.equal(again?.size, 5)
  })

  check('what is absent is unknown at once', async ({ blobs }) => {
    const absent = digestOfBytes('absent')
    assert.equal(await blobs.size(absent), undefined)
    assert.equal(await blobs.hold(absent), undefined)
    await rejects(blobs.open(absent, { start: 0, end: 1, signal }), 'BLOB_UNKNOWN')
    await rejects(blobs.read(absent, 1), 'BLOB_UNKNOWN')
  })

  check('an upload grows piece by piece', async ({ blobs, uploads }, id) => {
    assert.equal((await uploads.find(id))?.size, 0)
    assert.equal(await uploads.append(id, piecesOf('he', 'l'), { at: 0 }), 3)
    assert.equal(await uploads.append(id, piecesOf('lo'), { at: 3, length: 2 }), 5)
    await using held = await uploads.commit(id, digestOfBytes('hello'))
    assert.equal(new TextDecoder().decode(await blobs.read(held.content, 5)), 'hello')
    assert.equal(await uploads.find(id), undefined)
    await rejects(uploads.append(id, piecesOf('x'), { at: 0 }), 'BLOB_UPLOAD_UNKNOWN')
    await rejects(uploads.commit(id, digestOfBytes('hello')), 'BLOB_UPLOAD_UNKNOWN')
  })

  check('many pieces of every size', async ({ blobs, uploads }, id) => {
    const pieces = Array.from({ length: 700 }, (_, i) => Buffer.alloc((i * 7919) % 20_011, i))
    const all = Buffer.concat(pieces)
    await uploads.append(id, piecesOf(...pieces), { at: 0, length: all.byteLength })
    await using held = await uploads.commit(id, digestOfBytes(all))
    assert.equal(await blobs.size(held.content), all.byteLength)
  })

  check('as sha512: kept under sha256', async ({ uploads }, id) => {
    await uploads.append(id, piecesOf('hello'), { at: 0 })
    await using held = await uploads.commit(id, digestOfBytes('hello', 'sha512'))
    assert.equal(held.content, digestOfBytes('hello'))
  })

  check('at another place: refused', async ({ uploads }, id) => {
    await uploads.append(id, piecesOf('hello'), { at: 0 })
    for (const at of [0, 4, 6]) await rejects(uploads.append(id, piecesOf('x'), { at }), 'RANGE_INVALID')
    assert.equal((await uploads.find(id))?.size, 5)
  })

  check('more or less than announced: taken back', async ({ uploads }, id) => {
    await uploads.append(id, piecesOf('hello'), { at: 0 })
    await rejects(uploads.append(id, piecesOf('abc', 'def'), { at: 5, length: 5 }), 'SIZE_INVALID')
    await rejects(uploads.append(id, piecesOf('abc'), { at: 5, length: 5 }), 'SIZE_INVALID')
    assert.equal((await uploads.find(id))?.size, 5)
    await using held = await uploads.commit(id, digestOfBytes('hello'))
    assert.equal(held.size, 5)
  })

  check('a source that breaks leaves what it gave', async ({ uploads }, id) => {
    await rejects(uploads.append(id, brokenAfter('hel'), { at: 0 }), 'ECONNRESET')
    assert.equal((await uploads.find(id))?.size, 3)
    await uploads.append(id, piecesOf('lo'), { at: 3 })
    await using held = await uploads.commit(id, digestOfBytes('hello'))
    assert.equal(held.size, 5)
  })

  check('a wrong digest ends the upload', async ({ uploads }, id) => {
    await uploads.append(id, piecesOf('jello'), { at: 0 })
    await rejects(uploads.commit(id, digestOfBytes('hello')), 'DIGEST_INVALID')
    assert.equal(await uploads.find(id), undefined)
  })

  check('one at a time', async ({ uploads }, id) => {
    const begun = Promise.withResolvers<void>()
    const { promise, resolve } = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun.resolve()
      await promise
      yield Buffer.from('hello')
    }
    const first = uploads.append(id, slow(), { at: 0 })
    await begun.promise
    await rejects(uploads.append(id, piecesOf('x'), { at: 0 }), 'RANGE_INVALID')
    await rejects(uploads.commit(id, digestOfBytes('')), 'RANGE_INVALID')
    resolve()
    assert.equal(await first, 5)
  })

  check('an upload outlives its process', async ({ uploads, reopen }, id) => {
    await uploads.append(id, piecesOf('hel'), { at: 0 })
    await using later = await reopen()
    assert.equal((await later.uploads.find(id))?.size, 3)
    await later.uploads.append(id, piecesOf('lo'), { at: 3 })
    await using held = await later.uploads.commit(id, digestOfBytes('hello'))
    assert.equal(held.size, 5)
  })

  check('cancelled: gone, also twice; others are listed', async ({ uploads }, id) => {
    const other = randomUUID()
    await uploads.begin(other, 'sha512')
    await uploads.cancel(id)
    await uploads.cancel(id)
    const listed = await Array.fromAsync(uploads.list())
    assert.deepEqual(
      listed.map((state) => state.id),
      [other],
    )
  })

  check('content that was committed twice is kept once', async ({ blobs, uploads }, id) => {
    await using put = await blobs.put(Buffer.from('hello'))
    await uploads.append(id, piecesOf('hello'), { at: 0 })
    await using held = await uploads.commit(id, put.content)
    assert.equal(held.content, put.content)
  })
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => codeOf(error) === code)
}

async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let result = ''
  for await (const piece of stream) result += String(Buffer.from(piece))
  return result
}
