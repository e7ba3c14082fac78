import { DEFAULT_PATH } from './command.ts'

/** The container's environment, later ones winning: PATH, HOSTNAME, TERM (with a terminal), HOME, the image's, then what was asked for. */
export function containerEnvironment(options: {
  readonly image: readonly string[]
  readonly asked: readonly string[]
  readonly hostname: string
  readonly home: string
  readonly terminal: boolean
}): string[] {
  const values = new Map<string, string>()
  const base = [`PATH=${DEFAULT_PATH}`, `HOSTNAME=${options.hostname}`, ...(options.terminal ? ['TERM=xterm'] : []), `HOME=${options.home}`]
  for (const variable of [...base, ...options.image, ...options.asked]) {
    const equals = variable.indexOf('=')
    if (equals > 0) values.set(variable.slice(0, equals), variable.slice(equals + 1))
  }
  return [...values].map(([name, value]) => `${name}=${value}`)
}
