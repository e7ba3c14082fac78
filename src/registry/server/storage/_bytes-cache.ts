import type { Digest } from '../../../oci/mod.ts'

export interface BytesCache {
  get(content: Digest): Uint8Array | undefined
  set(content: Digest, bytes: Uint8Array): void
}

/** Immutable bytes by digest, the most recently used first, at most `capacity` bytes in all. Says nothing about who may read them. */
export function bytesCache(capacity: number): BytesCache {
  // A Map keeps the order of insertion: the first is the one used longest ago.
  const entries = new Map<Digest, Uint8Array>()
  let total = 0
  return {
    get(content) {
      const bytes = entries.get(content)
      if (bytes === undefined) return undefined
      entries.delete(content)
      entries.set(content, bytes)
      return bytes
    },
    set(content, bytes) {
      if (bytes.byteLength > capacity / 8 || entries.has(content)) return
      entries.set(content, bytes)
      total += bytes.byteLength
      for (const [oldest, { byteLength }] of entries) {
        if (total <= capacity) break
        entries.delete(oldest)
        total -= byteLength
      }
    },
  }
}
