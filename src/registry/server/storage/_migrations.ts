/** Tables of the registry in lamina.db. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE registry_repositories (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL
   ) STRICT;

   CREATE TABLE registry_blobs (
     repository INTEGER NOT NULL REFERENCES registry_repositories (id),
     digest TEXT NOT NULL,
     content TEXT NOT NULL,
     size INTEGER NOT NULL,
     pushed_at INTEGER NOT NULL,
     PRIMARY KEY (repository, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_blobs_digest ON registry_blobs (digest);
   CREATE INDEX registry_blobs_content ON registry_blobs (content);

   CREATE TABLE registry_manifests (
     repository INTEGER NOT NULL REFERENCES registry_repositories (id),
     digest TEXT NOT NULL,
     content TEXT NOT NULL,
     size INTEGER NOT NULL,
     media_type TEXT NOT NULL,
     subject TEXT,
     artifact_type TEXT,
     annotations TEXT,
     pushed_at INTEGER NOT NULL,
     PRIMARY KEY (repository, digest)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_manifests_content ON registry_manifests (content);
   CREATE INDEX registry_manifests_subject ON registry_manifests (repository, subject, digest) WHERE subject IS NOT NULL;

   CREATE TABLE registry_tags (
     repository INTEGER NOT NULL REFERENCES registry_repositories (id),
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     tagged_at INTEGER NOT NULL,
     PRIMARY KEY (repository, name)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_tags_digest ON registry_tags (repository, digest);

   CREATE TABLE registry_uploads (
     id TEXT PRIMARY KEY,
     repository TEXT NOT NULL,
     algorithm TEXT NOT NULL,
     started_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX registry_uploads_started_at ON registry_uploads (started_at);`,
]
