/** A value that SQLite keeps. Times are milliseconds since 1970; digests are text. */
export type SqlValue = string | number | bigint | null | Uint8Array

export type Row = Readonly<Record<string, SqlValue>>

/**
 * One SQLite connection to `lamina.db` (WAL). All calls are synchronous, so a transaction can never span an `await`.
 * Statements are prepared once. Other owners of tables (registry, build) bring their own migrations and use this same connection.
 */
export interface Database {
  /** Runs `migrations[n..]` once per owner, in order; refuses a database newer than the program (SCHEMA_TOO_NEW). */
  migrate(owner: string, migrations: readonly string[]): void
  /**
   * BEGIN IMMEDIATE … COMMIT; rolls back when `work` throws. Nested calls join the outer one.
   * `durable: false` leaves the sync to a later commit: for rows that mean nothing after a power cut.
   */
  transaction<T>(work: () => T, options?: { readonly durable?: boolean }): T
  /** Rows changed. */
  run(sql: string, ...values: SqlValue[]): number
  get<T extends Row>(sql: string, ...values: SqlValue[]): T | undefined
  all<T extends Row>(sql: string, ...values: SqlValue[]): T[]
}
