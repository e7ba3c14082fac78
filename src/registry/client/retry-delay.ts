import type { RetrySettings } from './options.ts'
import { RegistryError } from './registry-error.ts'

/** Whoever wants us to wait longer gets a failure that says so. */
const LONGEST_WAIT = 120_000

/**
 * Milliseconds before try number `attempt` (2, 3, …), or undefined when it makes no sense: never after 400, 401, 403, 404.
 * `answered`: the registry has answered this session before, so that one that refuses connections is perhaps restarting.
 */
export function retryDelay(attempt: number, error: unknown, settings: RetrySettings = {}, answered = false): number | undefined {
  if (!(error instanceof RegistryError) || attempt > (settings.attempts ?? 5)) return undefined
  if (error.retry === undefined && !(answered && error.code === 'UNREACHABLE')) return undefined
  const jitter = 0.75 + Math.random() / 2
  const delay = Math.min(30_000, (settings.firstDelay ?? 500) * 2 ** (attempt - 2)) * jitter
  const after = error.retry?.after ?? 0
  return after > LONGEST_WAIT ? undefined : Math.max(delay, after)
}
