import type { Database } from '../../store/mod.ts'
import type { SourceNode } from '../copy/source-tree.ts'

/** A file that changed this recently may change again without its times showing it. */
const RACY_NS = 2_000_000_000n

/** Digests of files by what stat says of them, so that a warm build reads no file content. Also of whole trees, by what stat says of all files. */
export class FileDigests {
  readonly #database: Database
  readonly #added = new Map<string, string>()

  constructor(database: Database) {
    this.#database = database
  }

  find({ identity }: SourceNode): string | undefined {
    return this.#get(identity)
  }

  remember({ identity, changedNs }: SourceNode, digest: string): void {
    if (isOld(changedNs)) this.#added.set(identity, digest)
  }

  /** The digest of a tree whose files have, together, this identity. */
  findTree(identity: string): string | undefined {
    return this.#get(identity)
  }

  rememberTree(identity: string, newestNs: bigint, digest: string): void {
    if (isOld(newestNs)) this.#added.set(identity, digest)
  }

  /** Writes what is new in one transaction; it means nothing after a power cut. */
  save(): void {
    if (this.#added.size === 0) return
    const rows = [...this.#added]
    this.#added.clear()
    for (let at = 0; at < rows.length; at += 1000) {
      this.#database.transaction(
        () => {
          for (const [identity, digest] of rows.slice(at, at + 1000)) {
            this.#database.run('INSERT OR REPLACE INTO build_files (identity, digest) VALUES (?, ?)', identity, digest)
          }
        },
        { durable: false },
      )
    }
  }

  #get(identity: string): string | undefined {
    return (
      this.#added.get(identity) ??
      this.#database.get<{ digest: string }>('SELECT digest FROM build_files WHERE identity = ?', identity)?.digest
    )
  }
}

function isOld(changedNs: bigint): boolean {
  return BigInt(Date.now()) * 1_000_000n - changedNs > RACY_NS
}
