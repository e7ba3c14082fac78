import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'
import type { Database, Row, SqlValue } from './database.ts'

const BUSY_MILLISECONDS = 30_000

/** Opens or creates the file. */
export function openDatabase(path: string): Database & Disposable {
  const db = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS })
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY',
  )
  return new SqliteDatabase(db)
}

class SqliteDatabase implements Database, Disposable {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #depth = 0

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  migrate(owner: string, migrations: readonly string[]): void {
    // Read first: a store that is up to date needs no write.
    if (this.#version(owner) === migrations.length) return
    this.transaction(() => {
      this.#db.exec('CREATE TABLE IF NOT EXISTS schema_versions (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT')
      const version = this.#version(owner) ?? 0
      if (version > migrations.length) {
        throw new StoreError(
          'SCHEMA_TOO_NEW',
          `The store was written by a newer lamina (${owner} schema ${version}, this program knows ${migrations.length})`,
          {
            hint: 'Use the newer lamina, or another --root',
          },
        )
      }
      for (const migration of migrations.slice(version)) this.#db.exec(migration)
      this.run('INSERT OR REPLACE INTO schema_versions (owner, version) VALUES (?, ?)', owner, migrations.length)
    })
  }

  transaction<T>(work: () => T, options: { readonly durable?: boolean } = {}): T {
    if (this.#depth > 0) return work()
    const relaxed = options.durable === false
    if (relaxed) this.#db.exec('PRAGMA synchronous = NORMAL')
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      this.#depth++
      try {
        const result = work()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      } finally {
        this.#depth--
      }
    } finally {
      if (relaxed) this.#db.exec('PRAGMA synchronous = FULL')
    }
  }

  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  get<T extends Row>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined
  }

  all<T extends Row>(sql: string, ...values: SqlValue[]): T[] {
    return this.#prepare(sql).all(...values) as T[]
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    this.#db.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #version(owner: string): number | undefined {
    const known = this.#db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'").get()
    if (known === undefined) return undefined
    const row = this.#db.prepare('SELECT version FROM schema_versions WHERE owner = ?').get(owner) as { version: number } | undefined
    return row?.version
  }
}
