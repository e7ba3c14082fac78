/**
 * `build_records`: what a step did and what came of it. `base` and `built` are the result (JSON), `diff_id` its own layer; `ingredients` are what its
 * keys are made of (JSON of name and value); `log` is a path below the store's root; lines are the Dockerfile's. `build_keys`: all keys that lead to it.
 * `build_files`: digests of files and trees by what stat says of them.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE build_records (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, base TEXT NOT NULL, built TEXT NOT NULL, diff_id TEXT, tar_size INTEGER, size INTEGER,
    ingredients TEXT NOT NULL, milliseconds REAL NOT NULL, log TEXT, log_size INTEGER NOT NULL, first_line INTEGER, last_line INTEGER,
    at INTEGER NOT NULL, used INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX build_records_by_diff_id ON build_records (diff_id);
  CREATE TABLE build_keys (key TEXT PRIMARY KEY, record INTEGER NOT NULL REFERENCES build_records (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
  CREATE INDEX build_keys_by_record ON build_keys (record);
  CREATE TABLE build_files (identity TEXT PRIMARY KEY, digest TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX build_files_by_at ON build_files (at);
  `,
]
