import type { ByteStream } from '../../../stream/mod.ts'
import { RegistryError } from '../wire-errors.ts'

/** A body whole. The body-limit gate has bounded it. @throws RegistryError SIZE_INVALID when it is shorter than announced */
export async function readAll(body: ByteStream, contentLength: number | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    pieces.push(piece)
    size += piece.byteLength
  }
  if (contentLength !== undefined && size !== contentLength) {
    throw new RegistryError('SIZE_INVALID', `The body has ${size} bytes, but ${contentLength} were announced`)
  }
  return Buffer.concat(pieces, size)
}
