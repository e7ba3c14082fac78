import { closest } from '../kit/mod.ts'
import { DockerfileError } from './errors.ts'

/** Signal numbers of Linux, on all platforms that images are for but MIPS. */
const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
}

const REALTIME_FIRST = 34
const REALTIME_LAST = 64

/**
 * A STOPSIGNAL, expanded: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`. Gives its number; the config keeps the text as written.
 * @throws DockerfileError SIGNAL_INVALID
 */
export function parseSignal(text: string): number {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text)
    if (number >= 1 && number <= REALTIME_LAST) return number
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const known = Object.hasOwn(SIGNALS, name) ? SIGNALS[name] : undefined
  if (known !== undefined) return known
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name)
  if (realtime !== null) {
    const [, base, sign, offset = '0'] = realtime
    const distance = Number(offset)
    if (base === 'MIN' && sign !== '-' && distance <= 15) return REALTIME_FIRST + distance
    if (base === 'MAX' && sign !== '+' && distance <= 14) return REALTIME_LAST - distance
  }
  const near = closest(name, Object.keys(SIGNALS))
  const hint = near === undefined ? 'Write a name like SIGTERM, or a number from 1 to 64.' : `Did you mean SIG${near}?`
  throw new DockerfileError('SIGNAL_INVALID', `Invalid signal ${JSON.stringify(text)}`, { hint })
}
