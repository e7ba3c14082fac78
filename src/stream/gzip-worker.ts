import { parentPort } from 'node:worker_threads'
import { constants, deflateRawSync } from 'node:zlib'
import type { GzipAnswer, GzipTask } from './gzip-pool.ts'

const CHUNK = 1 << 20

// A block ends on a byte boundary without ending the stream, so that blocks made apart can be joined.
parentPort?.on('message', (task: GzipTask) => {
  const answer = compress(task)
  parentPort?.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer] : [])
})

function compress({ data, dictionary, level, last }: GzipTask): GzipAnswer {
  try {
    const finishFlush = last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH
    const deflated = deflateRawSync(data, { level, memLevel: 9, chunkSize: CHUNK, finishFlush, ...(dictionary && { dictionary }) })
    return { bytes: new Uint8Array(deflated) }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}
