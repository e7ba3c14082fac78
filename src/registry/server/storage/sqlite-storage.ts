import type { Database, RootStore } from '../../../store/mod.ts'
import { groupCommit } from './_group-commit.ts'
import { MIGRATIONS } from './_migrations.ts'
import type { RegistryMetadata } from './metadata.ts'
import { sqliteMetadata } from './sqlite-metadata.ts'
import { sqliteUploadSessions } from './sqlite-upload-sessions.ts'
import type { UploadSessions } from './upload-sessions.ts'

/** Metadata and upload sessions in the store's own database; their writes share transactions. */
export function sqliteStorage(
  database: Database,
  roots: RootStore,
): { readonly metadata: RegistryMetadata; readonly sessions: UploadSessions } {
  database.migrate('registry', MIGRATIONS)
  const write = groupCommit(database)
  return { metadata: sqliteMetadata(database, roots, write), sessions: sqliteUploadSessions(database, write) }
}
