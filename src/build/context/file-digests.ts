import type { Database } from '../../store/mod.ts'
import type { FileIdentity } from '../copy/source-tree.ts'

/** A file that changed this recently may change again without its times showing it. */
const RACY_NS = 2_000_000_000n
const KEPT_MILLISECONDS = 60 * 86_400_000

/**
 * Digests by what stat says: of files, so that a warm build reads no file content, and of whole trees by what stat says of all their files,
 * so that a warm build asks once. All of it only saves time.
 */
export class FileDigests {
  readonly #database: Pick<Database, 'get' | 'run' | 'transaction'>
  readonly #added = new Map<string, string>()

  constructor(database: Pick<Database, 'get' | 'run' | 'transaction'>) {
    this.#database = database
  }

  find({ text }: Pick<FileIdentity, 'text'>): string | undefined {
    return (
      this.#added.get(text) ?? this.#database.get<{ digest: string }>('SELECT digest FROM build_files WHERE identity = ?', text)?.digest
    )
  }

  remember({ text, changedNs }: FileIdentity, digest: string): void {
    if (BigInt(Date.now()) * 1_000_000n - changedNs > RACY_NS) this.#added.set(text, digest)
  }

  /** Writes what is new. */
  save(): void {
    const rows = [...this.#added]
    this.#added.clear()
    const now = Date.now()
    for (let at = 0; at < rows.length; at += 1000) {
      this.#database.transaction(
        () => {
          for (const [identity, digest] of rows.slice(at, at + 1000))
            this.#database.run('INSERT OR REPLACE INTO build_files (identity, digest, at) VALUES (?, ?, ?)', identity, digest, now)
          if (at === 0) this.#database.run('DELETE FROM build_files WHERE at < ?', now - KEPT_MILLISECONDS)
        },
        { durable: false },
      )
    }
  }
}
