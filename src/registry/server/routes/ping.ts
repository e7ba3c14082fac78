import { jsonReply, type Reply } from '../message.ts'

/** GET /v2/ (end-1). */
export const ping = (): Reply => jsonReply(200, '{}')

/** GET /v2/_oci/ext/discover and /v2/<name>/_oci/ext/discover: we have none yet. SPEC: distribution-spec extensions/_oci.md. */
export const discoverExtensions = (): Reply => jsonReply(200, '{"extensions":[]}')
