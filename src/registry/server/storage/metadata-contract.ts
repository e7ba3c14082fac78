import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaType } from '../../../oci/mod.ts'
import { digestOfBytes } from '../testing.ts'
import type { BlobRecord, NewManifest, RegistryMetadata, Requirement } from './metadata.ts'

export interface OpenMetadata extends AsyncDisposable {
  readonly metadata: RegistryMetadata
  /** Digests that are kept from gc because some repository has them, sorted. */
  readonly roots: () => Promise<readonly string[]>
}

const ALL = { limit: 1000, after: '' }

const blob = (text: string): BlobRecord => ({ digest: digestOfBytes(text), content: digestOfBytes(text), size: text.length })
const manifest = (text: string, more: Partial<NewManifest> = {}): NewManifest => ({
  ...blob(text),
  mediaType: MediaType.ociManifest,
  ...more,
})
const needs = (...texts: string[]): Requirement[] => texts.map((text) => ({ ...blob(text), kind: 'blob' }))

/** What every implementation of RegistryMetadata does. */
export function metadataContract(name: string, open: () => Promise<OpenMetadata>): void {
  const check = (what: string, body: (metadata: RegistryMetadata, opened: OpenMetadata) => Promise<void>): void =>
    void test(`${name}: ${what}`, async () => {
      await using opened = await open()
      await body(opened.metadata, opened)
    })

  check('a blob is found where it was put, and nowhere else', async (metadata) => {
    await metadata.putBlob('a', blob('x'))
    await metadata.putBlob('a', blob('x'))
    assert.deepEqual({ ...(await metadata.findBlob('a', blob('x').digest)) }, blob('x'))
    for (const repository of ['a/b', 'A', 'b', '']) assert.equal(await metadata.findBlob(repository, blob('x').digest), undefined)
    assert.equal(await metadata.findBlob('a', blob('y').digest), undefined)
    assert.equal(await metadata.findManifest('a', { digest: blob('x').digest }), undefined)
  })

  check('repositories that have a blob', async (metadata) => {
    for (const repository of ['c', 'a', 'b']) await metadata.putBlob(repository, blob('x'))
    assert.deepEqual([...(await metadata.repositoriesWith(blob('x').digest, 10))].toSorted(), ['a', 'b', 'c'])
    assert.equal((await metadata.repositoriesWith(blob('x').digest, 2)).length, 2)
    assert.deepEqual(await metadata.repositoriesWith(blob('y').digest, 10), [])
  })

  check('roots last as long as any repository has the content', async (metadata, { roots }) => {
    await metadata.putBlob('a', blob('x'))
    await metadata.putBlob('b', blob('x'))
    await metadata.putBlob('b', { ...blob('x'), digest: digestOfBytes('x', 'sha512') })
    await metadata.putManifest('c', manifest('x'), { tags: [], requires: [] })
    for (const last of [
      () => metadata.deleteBlob('a', blob('x').digest),
      () => metadata.deleteBlob('b', blob('x').digest),
      () => metadata.deleteBlob('b', digestOfBytes('x', 'sha512')),
      () => metadata.deleteManifest('c', { digest: blob('x').digest }),
    ]) {
      assert.deepEqual(await roots(), [blob('x').content])
      assert.equal(await last(), true)
      assert.equal(await last(), false)
    }
    assert.deepEqual(await roots(), [])
  })

  check('a manifest with tags; a tag moves', async (metadata) => {
    await metadata.putManifest('a', manifest('one'), { tags: ['x', 'y'], requires: [] })
    await metadata.putManifest('a', manifest('two', { mediaType: MediaType.dockerManifest }), { tags: ['y'], requires: [] })
    assert.equal((await metadata.findManifest('a', { tag: 'x' }))?.digest, blob('one').digest)
    assert.deepEqual({ ...(await metadata.findManifest('a', { tag: 'y' })) }, { ...blob('two'), mediaType: MediaType.dockerManifest })
    assert.equal((await metadata.findManifest('a', { digest: blob('one').digest }))?.size, 3)
    assert.equal(await metadata.findManifest('b', { tag: 'x' }), undefined)
  })

  check('a manifest whose needs are not met changes nothing', async (metadata, { roots }) => {
    await metadata.putBlob('a', blob('x'))
    const put = (requires: readonly Requirement[]) => metadata.putManifest('a', manifest('m'), { tags: ['t'], requires })
    assert.deepEqual(await put(needs('x', 'y', 'z', 'y')), { kind: 'missing', digests: [blob('y').digest, blob('z').digest] })
    assert.deepEqual(await put([{ digest: blob('x').digest, size: 7, kind: 'blob' }]), { kind: 'size', digest: blob('x').digest, size: 1 })
    assert.equal(await metadata.findManifest('a', { tag: 't' }), undefined)
    assert.deepEqual(await roots(), [blob('x').digest])
    assert.deepEqual(await put(needs('x')), { kind: 'stored' })
    // A child may be a manifest; a layer may not.
    assert.equal((await metadata.putManifest('a', manifest('i'), { tags: [], requires: [{ ...blob('m'), kind: 'child' }] })).kind, 'stored')
    assert.equal((await metadata.putManifest('a', manifest('i'), { tags: [], requires: [{ ...blob('m'), kind: 'blob' }] })).kind, 'missing')
  })

  check('deleting a tag; deleting a manifest with its tags', async (metadata) => {
    await metadata.putManifest('a', manifest('m'), { tags: ['x', 'y', 'z'], requires: [] })
    await metadata.putManifest('b', manifest('m'), { tags: ['x'], requires: [] })
    assert.equal(await metadata.deleteManifest('a', { tag: 'x' }), true)
    assert.equal(await metadata.deleteManifest('a', { tag: 'x' }), false)
    assert.equal(await metadata.deleteManifest('unknown', { tag: 'x' }), false)
    assert.deepEqual(await metadata.listTags('a', ALL), ['y', 'z'])
    assert.equal(await metadata.deleteManifest('a', { digest: blob('m').digest }), true)
    assert.deepEqual(await metadata.listTags('a', ALL), [])
    assert.equal((await metadata.findManifest('b', { tag: 'x' }))?.digest, blob('m').digest)
  })

  check('lists are in byte order and paged', async (metadata) => {
    const names = ['a', 'a-b', 'B', '0.1.2', '0.1.20', '_', 'z'].toSorted()
    await metadata.putManifest('r', manifest('m'), { tags: names.toReversed(), requires: [] })
    assert.deepEqual(await metadata.listTags('r', ALL), names)
    assert.deepEqual(await metadata.listTags('r', { limit: 2, after: '0.1.2' }), ['0.1.20', 'B'])
    assert.deepEqual(await metadata.listTags('r', { limit: 0, after: '' }), [])
    assert.equal(await metadata.listTags('unknown', ALL), undefined)
    for (const repository of ['a/b', 'a', 'a-b']) await metadata.putBlob(repository, blob('x'))
    assert.deepEqual(await metadata.listRepositories(ALL), ['a', 'a-b', 'a/b', 'r'])
    assert.deepEqual(await metadata.listRepositories({ limit: 1, after: 'a-b' }), ['a/b'])
    await metadata.deleteBlob('a', blob('x').digest)
    assert.deepEqual(await metadata.listRepositories(ALL), ['a-b', 'a/b', 'r'])
  })

  check('referrers by subject and type', async (metadata) => {
    const subject = digestOfBytes('subject')
    const put = (text: string, more: Partial<NewManifest>) =>
      metadata.putManifest('r', manifest(text, { subject, ...more }), { tags: [], requires: [] })
    await put('a', { artifactType: 'x', annotations: { k: '"v"' } })
    await put('b', { artifactType: 'y' })
    await put('c', {})
    const listed = await metadata.listReferrers('r', subject, ALL)
    assert.deepEqual(
      listed.map(({ digest }) => digest),
      ['a', 'b', 'c'].map((text) => blob(text).digest).toSorted(),
    )
    const [only, ...more] = await metadata.listReferrers('r', subject, { ...ALL, artifactType: 'x' })
    assert.deepEqual(JSON.parse(only?.descriptor ?? ''), {
      mediaType: MediaType.ociManifest,
      digest: blob('a').digest,
      size: 1,
      artifactType: 'x',
      annotations: { k: '"v"' },
    })
    assert.deepEqual(more, [])
    assert.equal((await metadata.listReferrers('r', subject, { limit: 5, after: listed[0]?.digest ?? '' })).length, 2)
    assert.deepEqual(await metadata.listReferrers('unknown', subject, ALL), [])
    assert.deepEqual(await metadata.listReferrers('r', blob('a').digest, ALL), [])
  })

  check('many at once end as one after another would', async (metadata) => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        await metadata.putBlob('r', blob(`${i % 10}`))
        await metadata.putManifest('r', manifest(`m${i}`), { tags: ['latest', `t${i}`], requires: needs(`${i % 10}`) })
        if (i % 2 === 0) await metadata.deleteManifest('r', { tag: `t${i}` })
      }),
    )
    assert.equal((await metadata.listTags('r', ALL))?.length, 26)
  })
}
