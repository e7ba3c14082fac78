import { createHash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { TarParser } from '../../archive/mod.ts'
import { decompress } from '../../stream/mod.ts'
import { CommitWalk } from './commit-walk.ts'
import { LayerExtractor } from './extract.ts'
import { viewOf } from './layer-view.ts'
import { TocWriter } from './toc.ts'
import type { LayerAnswer, LayerJob, LayerResult } from './layer-job.ts'

/** One job per worker: extraction and commit are synchronous work, and would hold up everything else on the main thread. */
const job = workerData as LayerJob
const answer = (message: LayerAnswer): void => parentPort?.postMessage(message)

try {
  const result = job.kind === 'unpack' ? await unpack() : commit(job)
  answer({ kind: 'done', result })
} catch (error) {
  const { message, code, hint, syscall, path } = error as NodeJS.ErrnoException & { hint?: string }
  answer({ kind: 'failed', message, code, hint, syscall, path, stack: (error as Error).stack })
}
parentPort?.close()

function commit({ upper, toc: path, below, clampTo }: Extract<LayerJob, { kind: 'commit' }>): LayerResult {
  const toc = new TocWriter(path)
  const { sha256, tarSize, size, whiteouts } = new CommitWalk({ upper, below: viewOf(below), toc, clampTo }).run()
  toc.close()
  return { sha256, tarSize, size, needs: { implied: [''], whiteouts, links: [] } }
}

async function unpack(): Promise<LayerResult> {
  const { target, toc: path } = job as Extract<LayerJob, { kind: 'unpack' }>
  const toc = new TocWriter(path)
  const hash = createHash('sha256')
  let tarSize = 0
  const extractor = new LayerExtractor({ root: target, extra: `${target}.extra`, toc, warn: (text) => answer({ kind: 'warning', text }) })
  const parser = new TarParser(extractor)
  for await (const piece of decompress(pieces())) {
    hash.update(piece)
    tarSize += piece.length
    parser.push(piece)
  }
  parser.end()
  const needs = extractor.finish()
  toc.close()
  return { sha256: hash.digest('hex'), tarSize, size: extractor.size, needs }
}

/** What the main thread sends; each piece taken is answered, so that only a few are ever on their way. */
async function* pieces(): AsyncGenerator<Uint8Array> {
  const waiting: (Uint8Array | null)[] = []
  let wake: (() => void) | undefined
  parentPort?.on('message', (piece: Uint8Array | null) => {
    waiting.push(piece)
    wake?.()
  })
  for (;;) {
    const piece = waiting.shift()
    if (piece === undefined) await new Promise<void>((resolve) => (wake = resolve))
    else if (piece === null) return
    else {
      yield piece
      answer({ kind: 'taken' })
    }
  }
}
