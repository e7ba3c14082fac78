import { parentPort } from 'node:worker_threads'
import { constants, deflateRawSync } from 'node:zlib'
import type { GzipAnswer, GzipTask } from './gzip.ts'

// A block ends on a byte boundary without ending the stream, so that blocks made apart can be joined.
parentPort?.on('message', ({ id, data, dictionary, level, last }: GzipTask) => {
  const deflated = deflateRawSync(data, {
    level,
    memLevel: 9,
    chunkSize: 1 << 20,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(dictionary === undefined ? {} : { dictionary }),
  })
  const bytes = new Uint8Array(deflated)
  const answer: GzipAnswer = { id, bytes }
  parentPort?.postMessage(answer, [bytes.buffer])
})
