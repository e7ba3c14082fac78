import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { codeOf } from '../kit/mod.ts'
import type { Descriptor } from '../oci/mod.ts'
import { digestStream, readAll } from '../stream/mod.ts'
import { copyImage } from './copy-image.ts'
import type { ImageSink } from './image-sink.ts'
import type { ImageSource } from './image-source.ts'
import { randomImage } from './random-image.ts'

/** A place that holds images: what is written through a sink of one name is read through a source of it. */
export interface Place {
  sink(name: string): Promise<ImageSink>
  source(name: string): Promise<ImageSource>
}

/** What every ImageSink with its ImageSource has to do. `open` gives a fresh, empty place. */
export function imageContract(kind: string, open: (t: TestContext) => Promise<Place | undefined>): void {
  const withPlace = (name: string, body: (place: Place) => Promise<void>): void => {
    test(`${kind}: ${name}`, async (t) => {
      const place = await open(t)
      if (place !== undefined) await body(place)
    })
  }

  withPlace('what goes in comes out, byte for byte', async (place) => {
    const image = randomImage({ layers: 3, layerSize: 200_000 })
    const root = await write(place, 'one', image)
    await using source = await place.source('one')
    assert.deepEqual(await source.resolve(), root)
    assert.deepEqual(Buffer.from(await source.readManifest(root)), Buffer.from(await image.readManifest(root)))
    for (const layer of image.layers)
      assert.deepEqual(await digestStream(await source.openBlob(layer)), { digest: layer.digest, size: layer.size })
    const [layer] = image.layers as [Descriptor]
    const tail = await readAll(await source.openBlob(layer, { start: layer.size - 700 }), 1000)
    assert.equal(tail.length, 700)
  })

  withPlace('a second image under another name leaves the first', async (place) => {
    const [first, second] = [randomImage(), randomImage()]
    const roots = [await write(place, 'one', first), await write(place, 'two', second)]
    await using one = await place.source('one')
    await using two = await place.source('two')
    assert.deepEqual([await one.resolve(), await two.resolve()], roots)
  })

  withPlace('writing the same again is no failure', async (place) => {
    const image = randomImage()
    assert.deepEqual(await write(place, 'one', image), await write(place, 'one', image))
  })

  withPlace('a blob with other bytes than its digest is refused, and the image is not named', async (place) => {
    const image = randomImage()
    const lying: ImageSource = {
      ...image,
      async openBlob(descriptor, options) {
        const bytes = Buffer.from(await readAll(await image.openBlob(descriptor, options), 1e6))
        if (descriptor.digest === image.layers[1]?.digest) bytes[600] = (bytes[600] ?? 0) ^ 1
        return (async function* () {
          yield bytes
        })()
      },
    }
    await assert.rejects(write(place, 'bad', lying), (error) => codeOf(error) !== undefined)
    await assert.rejects(async () => {
      await using source = await place.source('bad')
      await source.resolve()
    })
  })

  withPlace('a source that breaks off leaves no image', async (place) => {
    const image = randomImage({ layerSize: 50_000 })
    const breaking: ImageSource = {
      ...image,
      async openBlob(descriptor, options) {
        const source = await image.openBlob(descriptor, options)
        return (async function* () {
          for await (const piece of source) {
            yield piece
            if (descriptor.size > 10_000) throw Object.assign(new Error('the line broke'), { code: 'ECONNRESET' })
          }
        })()
      },
    }
    await assert.rejects(write(place, 'bad', breaking), (error) => codeOf(error) !== undefined)
    const root = await write(place, 'bad', image)
    await using source = await place.source('bad')
    assert.deepEqual(await source.resolve(), root)
  })
}

async function write(place: Place, name: string, source: ImageSource): Promise<Descriptor> {
  await using sink = await place.sink(name)
  return (await copyImage(source, sink)).root
}
