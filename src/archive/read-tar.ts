import { assert } from '../kit/mod.ts'
import type { ByteStream } from '../stream/mod.ts'
import type { TarEntry } from './tar-entry.ts'
import { TarParser } from './tar-parser.ts'

export interface ReadEntry {
  readonly entry: TarEntry
  /** Where the payload starts in the archive, in bytes. */
  readonly offset: number
  /** The file's bytes, a sparse one's holes as zeros. To be read, as far as it is of interest, before the next entry is asked for. */
  readonly body: ByteStream
}

type Event =
  | { readonly kind: 'entry'; readonly entry: TarEntry; readonly offset: number }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }

/**
 * The entries of a tar, one after the other.
 * @throws TarError from the loop, and from a body's loop
 */
export async function* readTar(
  source: ByteStream,
  options: { readonly onWarning?: (text: string) => void } = {},
): AsyncGenerator<ReadEntry> {
  const events = eventsOf(source, options.onWarning)
  let current: TarEntry | undefined
  try {
    for (let event = await events.next(); event.done !== true; event = await events.next()) {
      if (event.value.kind !== 'entry') continue
      const { entry, offset } = event.value
      current = entry
      const body = bodyOf(events, () => current === entry)
      yield { entry, offset, body: entry.sparse === undefined ? body : expand(body, entry) }
    }
  } finally {
    await events.return(undefined)
  }
}

/** What one piece holds is parsed at once: its parts stay valid until the next piece is asked for. */
async function* eventsOf(source: ByteStream, onWarning: ((text: string) => void) | undefined): AsyncGenerator<Event, undefined> {
  let events: Event[] = []
  const parser = new TarParser({
    raw: () => {},
    entry: (entry, offset) => events.push({ kind: 'entry', entry, offset }),
    data: (bytes) => events.push({ kind: 'data', bytes }),
    endEntry: () => events.push({ kind: 'end' }),
    warning: (text) => onWarning?.(text),
  })
  for await (const piece of source) {
    let failure: unknown
    try {
      parser.push(piece)
    } catch (error) {
      // What came before the damage is given first.
      failure = error
    }
    yield* events
    events = []
    if (failure !== undefined) throw failure
  }
  parser.end()
  return undefined
}

/** Does not end `events` when its reader stops early. */
async function* bodyOf(events: AsyncGenerator<Event, undefined>, isCurrent: () => boolean): AsyncGenerator<Uint8Array> {
  for (;;) {
    assert(isCurrent(), "an entry's body was read after the next entry was asked for")
    const event = await events.next()
    if (event.done === true || event.value.kind !== 'data') return
    yield event.value.bytes
  }
}

const ZEROS = new Uint8Array(1 << 16)

async function* expand(body: ByteStream, { size, sparse = [] }: TarEntry): AsyncGenerator<Uint8Array> {
  let position = 0
  let index = 0
  let inSegment = 0
  for await (let piece of body) {
    while (piece.length > 0) {
      const segment = sparse[index]
      if (segment === undefined) break
      yield* zeros(segment.offset + inSegment - position)
      const part = piece.subarray(0, segment.length - inSegment)
      yield part
      piece = piece.subarray(part.length)
      inSegment += part.length
      position = segment.offset + inSegment
      if (inSegment < segment.length) continue
      index++
      inSegment = 0
    }
  }
  yield* zeros(size - position)
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS
}
