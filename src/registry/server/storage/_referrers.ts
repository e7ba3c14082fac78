import type { Digest } from '../../../oci/mod.ts'
import type { Database, Row } from '../../../store/mod.ts'
import type { Page } from '../paging.ts'
import type { ReferrerRow } from './metadata.ts'

interface Wanted extends Page {
  readonly repository: number
  readonly subject: Digest
  readonly artifactType?: string | undefined
}

interface ManifestRow extends Row {
  readonly digest: string
  readonly size: number
  readonly media_type: string
  readonly artifact_type: string | null
  readonly annotations: string | null
}

const COLUMNS = 'SELECT digest, size, media_type, artifact_type, annotations FROM registry_manifests'

/** SPEC: distribution-spec, "Listing Referrers": descriptors with artifactType and all annotations of the referrer. */
export function listReferrers(database: Database, { repository, subject, after, limit, artifactType }: Wanted): readonly ReferrerRow[] {
  const rows =
    artifactType === undefined
      ? database.all<ManifestRow>(
          `${COLUMNS} WHERE repository = ? AND subject = ? AND digest > ? ORDER BY digest LIMIT ?`,
          repository,
          subject,
          after,
          limit,
        )
      : database.all<ManifestRow>(
          `${COLUMNS} WHERE repository = ? AND subject = ? AND digest > ? AND artifact_type = ? ORDER BY digest LIMIT ?`,
          repository,
          subject,
          after,
          artifactType,
          limit,
        )
  return rows.map((row) => ({ digest: row.digest as Digest, descriptor: descriptorText(row) }))
}

function descriptorText(row: ManifestRow): string {
  const artifactType = row.artifact_type === null ? '' : `,"artifactType":${JSON.stringify(row.artifact_type)}`
  const annotations = row.annotations === null ? '' : `,"annotations":${row.annotations}`
  return `{"mediaType":${JSON.stringify(row.media_type)},"digest":"${row.digest}","size":${row.size}${artifactType}${annotations}}`
}
