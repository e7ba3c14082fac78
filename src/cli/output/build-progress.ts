import type { BuildEvent } from '../../build/mod.ts'
import { formatSeconds } from '../../kit/mod.ts'
import type { Output } from '../context.ts'
import { LiveArea } from './live-area.ts'

/** Lines of a running step's output that a terminal shows. */
const TAIL = 6

export interface BuildProgress extends Disposable {
  readonly onEvent: (event: BuildEvent) => void
}

/** `#N` lines, as BuildKit's plain progress: one block per step, output lines with their time. */
export function plainBuildProgress(out: Output): BuildProgress {
  const started = new Map<number, number>()
  const partial = new Map<number, string>()
  const decoders = new Map<number, TextDecoder>()
  let last: number | undefined
  const line = (id: number, text: string): void => {
    if (last !== undefined && last !== id) out.write('\n')
    last = id
    out.write(`#${id} ${text}\n`)
  }
  const output = (id: number, bytes: Uint8Array): void => {
    const decoder = decoders.get(id) ?? new TextDecoder()
    decoders.set(id, decoder)
    const lines = ((partial.get(id) ?? '') + decoder.decode(bytes, { stream: true })).split('\n')
    partial.set(id, lines.pop() ?? '')
    const at = ((performance.now() - (started.get(id) ?? 0)) / 1000).toFixed(3)
    for (const text of lines) line(id, `${at} ${text.replace(/\r$/, '')}`)
  }
  const end = (id: number, text: string): void => {
    const rest = partial.get(id)
    if (rest) output(id, new TextEncoder().encode('\n'))
    partial.delete(id)
    line(id, text)
  }
  return {
    onEvent(event) {
      switch (event.kind) {
        case 'started':
          started.set(event.id, performance.now())
          return line(event.id, event.name)
        case 'output':
          return output(event.id, event.bytes)
        case 'status':
          return line(event.id, event.text)
        case 'done':
          return end(event.id, event.cached ? 'CACHED' : `DONE ${(event.milliseconds / 1000).toFixed(1)}s`)
        case 'failed':
          return end(event.id, `ERROR: ${event.message}`)
        case 'canceled':
          return end(event.id, 'CANCELED')
        case 'warning':
          return out.write(`WARN: ${event.text}\n`)
      }
    },
    [Symbol.dispose]() {},
  }
}

interface Step {
  readonly name: string
  readonly at: number
  status: string
  tail: string[]
}

/** Finished steps scroll by; running ones stay at the bottom with the last lines that they printed. */
export function liveBuildProgress(out: Output, options: { readonly color: boolean }): BuildProgress {
  const running = new Map<number, Step>()
  const begun = performance.now()
  let finished = 0
  const color = (code: number, text: string): string => (options.color ? `\x1b[${code}m${text}\x1b[0m` : text)
  const area = new LiveArea(out, () => {
    if (running.size === 0) return []
    const lines = [`[+] Building ${formatSeconds(performance.now() - begun)} (${finished} done)`]
    for (const step of running.values()) {
      lines.push(` => ${step.name}${step.status === '' ? '' : ` ${step.status}`}  ${formatSeconds(performance.now() - step.at)}`)
      for (const text of step.tail) lines.push(` => => ${text}`)
    }
    return lines
  })
  const end = (id: number, mark: string, show: (step: Step) => string): void => {
    const step = running.get(id)
    if (step === undefined) return
    running.delete(id)
    finished++
    area.print(` ${mark} ${show(step)}\n`)
  }
  return {
    onEvent(event) {
      const step = 'id' in event ? running.get(event.id) : undefined
      switch (event.kind) {
        case 'started':
          running.set(event.id, { name: event.name, at: performance.now(), status: '', tail: [] })
          return
        case 'output':
          if (step !== undefined) step.tail = appendTail(step.tail, event.bytes)
          return
        case 'status':
          if (step !== undefined) step.status = event.text
          return
        case 'done':
          return end(event.id, '=>', (s) =>
            event.cached ? `${color(36, 'CACHED')} ${s.name}` : `${s.name}  ${formatSeconds(event.milliseconds)}`,
          )
        case 'failed':
          return end(event.id, color(31, '=> ERROR'), (s) => s.name)
        case 'canceled':
          return end(event.id, '=> CANCELED', (s) => s.name)
        case 'warning':
          return area.print(` ${color(33, '!')} ${event.text}\n`)
      }
    },
    [Symbol.dispose]: () => area[Symbol.dispose](),
  }
}

function appendTail(tail: readonly string[], bytes: Uint8Array): string[] {
  const text = withoutControls(Buffer.from(bytes).toString('utf8'))
  return [...tail, ...text.split('\n').filter((line) => line.trim() !== '')].slice(-TAIL)
}

/** Escape sequences and controls of a step would move our cursor. */
function withoutControls(text: string): string {
  // oxlint-disable no-control-regex -- they are what this is about
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/[\x00-\x09\x0b-\x1f]/g, ' ')
  // oxlint-enable no-control-regex
}
