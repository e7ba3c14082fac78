/** The store's own tables; each entry is one version of the schema. Digests are text, times milliseconds since 1970. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE blobs (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tags (name TEXT PRIMARY KEY, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tag_history (id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT, media_type TEXT, size INTEGER, at INTEGER NOT NULL, why TEXT NOT NULL) STRICT;
  CREATE INDEX tag_history_by_name ON tag_history (name, id);
  CREATE TABLE images (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX images_by_id ON images (id);
  CREATE TABLE roots (owner TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (owner, digest)) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (id TEXT PRIMARY KEY, purpose TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE lease_items (lease TEXT NOT NULL REFERENCES leases (id) ON DELETE CASCADE, digest TEXT NOT NULL, PRIMARY KEY (lease, digest)) STRICT, WITHOUT ROWID;
  CREATE TABLE confirmed (repository TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID;
  CREATE TABLE layer_blobs (diff_id TEXT NOT NULL, compression TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (diff_id, compression, digest)) STRICT, WITHOUT ROWID;
  CREATE TABLE conversions (digest TEXT NOT NULL, compression TEXT NOT NULL, to_digest TEXT NOT NULL, to_media_type TEXT NOT NULL, to_size INTEGER NOT NULL, PRIMARY KEY (digest, compression)) STRICT, WITHOUT ROWID;
  `,
]
