import type { Database, Row } from '../../../store/mod.ts'
import type { Write } from './_group-commit.ts'
import type { UploadSession, UploadSessions } from './upload-sessions.ts'

const COLUMNS = 'SELECT id, repository, algorithm, started_at AS startedAt FROM registry_uploads'
const INSERT = 'INSERT INTO registry_uploads (id, repository, algorithm, started_at) VALUES (?, ?, ?, ?)'

export function sqliteUploadSessions(database: Database, write: Write): UploadSessions {
  return {
    create: ({ id, repository, algorithm, startedAt }) =>
      write(() => void database.run(INSERT, id, repository, algorithm, startedAt), { durable: false }),
    find: async (repository, id) =>
      database.get<Row>(`${COLUMNS} WHERE id = ? AND repository = ?`, id, repository) as UploadSession | undefined,
    delete: (id) => write(() => void database.run('DELETE FROM registry_uploads WHERE id = ?', id), { durable: false }),
    listStartedBefore: async (time, limit) =>
      database.all<Row>(`${COLUMNS} WHERE started_at < ? ORDER BY started_at LIMIT ?`, time, limit) as unknown as readonly UploadSession[],
    count: async () => database.get<{ count: number }>('SELECT count(*) AS count FROM registry_uploads')?.count ?? 0,
  }
}
