import type { Registry } from './registry.ts'

/** Ends uploads that nobody has touched since `before` (milliseconds since 1970), and forgets sessions whose bytes are gone. */
export async function expireUploads({ uploads, sessions }: Pick<Registry, 'uploads' | 'sessions'>, before: number): Promise<void> {
  for await (const { id, touchedAt } of uploads.list()) {
    if (touchedAt >= before) continue
    await uploads.cancel(id)
    await sessions.delete(id)
  }
  for (const { id } of await sessions.listStartedBefore(before, 1000)) {
    if ((await uploads.find(id)) === undefined) await sessions.delete(id)
  }
}
