import { emptyReply, type RegistryRequest, type Reply } from '../message.ts'
import { parseContentRange } from '../range.ts'
import type { Registry } from '../registry.ts'
import type { UploadState } from '../storage/blobs.ts'
import { RegistryError } from '../wire-errors.ts'
import { storeUpload } from './_store-upload.ts'
import { digestParameter, pushed, uploadLocation, uploadReply, type UploadPlace } from './_upload-replies.ts'

/** GET <location> (end-13): how much has arrived. */
export async function getUpload(registry: Registry, place: UploadPlace): Promise<Reply> {
  const { size } = await findUpload(registry, place)
  return uploadReply(204, { ...place, size })
}

/** PATCH <location> (end-5): a chunk with Content-Range, or a stream that is appended. */
export async function patchUpload(registry: Registry, request: RegistryRequest, place: UploadPlace): Promise<Reply> {
  const size = await appendBody(registry, request, place)
  return uploadReply(202, { ...place, size })
}

/** PUT <location>?digest=<digest> (end-6): the end of an upload, with or without a last chunk. */
export async function putUpload(registry: Registry, request: RegistryRequest, place: UploadPlace): Promise<Reply> {
  const digest = digestParameter(request.query)
  if (request.contentLength !== 0) await appendBody(registry, request, place)
  else await findUpload(registry, place)
  try {
    await storeUpload(registry, { ...place, digest })
  } catch (error) {
    // A wrong digest ends the upload: its bytes are not what the client meant to send.
    if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') await registry.sessions.delete(place.id)
    throw placed(error, place)
  }
  return pushed(place.repository, digest)
}

/** DELETE <location> (end-14): frees its bytes at once. */
export async function deleteUpload(registry: Registry, place: UploadPlace): Promise<Reply> {
  await findUpload(registry, place)
  // Bytes first: on a full disk the row cannot be written before there is room.
  await registry.uploads.cancel(place.id)
  await registry.sessions.delete(place.id)
  return emptyReply(204)
}

async function appendBody(registry: Registry, request: RegistryRequest, place: UploadPlace): Promise<number> {
  const chunk = parseContentRange(request.headers['content-range'], request.contentLength)
  const { size } = await findUpload(registry, place)
  try {
    return await registry.uploads.append(place.id, request.body, {
      at: chunk?.start ?? size,
      length: chunk === undefined ? request.contentLength : chunk.end - chunk.start,
    })
  } catch (error) {
    throw placed(error, place)
  }
}

async function findUpload({ sessions, uploads }: Registry, { repository, id }: UploadPlace): Promise<UploadState> {
  // SECURITY: an upload is only known below the repository in which it began.
  const session = await sessions.find(repository, id)
  const state = session === undefined ? undefined : await uploads.find(id)
  if (state === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `Unknown upload session ${id} in ${repository}`)
  return state
}

/** SPEC: a 416 says where to go on, as a 202 does. */
function placed(error: unknown, place: UploadPlace): unknown {
  if (!(error instanceof RegistryError) || error.code !== 'RANGE_INVALID') return error
  const headers = { ...error.headers, location: uploadLocation(place), 'docker-upload-uuid': place.id }
  return new RegistryError(error.code, error.message, { cause: error, headers })
}
