import { MediaType, type Digest } from '../../../oci/mod.ts'
import { jsonReply, type RegistryRequest, type Reply } from '../message.ts'
import { nextLink, parsePage } from '../paging.ts'
import type { Registry } from '../registry.ts'
import type { RegistryMetadata } from '../storage/metadata.ts'
import { RegistryError } from '../wire-errors.ts'

const TAGS = { default: 10_000, max: 10_000 }
const CATALOG = { default: 100, max: 1000 }
/** SPEC: "Listing Referrers" may be split; 4 MB is what clients read. */
const REFERRERS_BYTES = 4_000_000
const REFERRERS_ROWS = 1000

/** GET /v2/<name>/tags/list (end-8). */
export async function listTags({ metadata }: Registry, { query }: RegistryRequest, repository: string): Promise<Reply> {
  const { limit, after } = parsePage(query, TAGS)
  const found = await metadata.listTags(repository, { limit: limit + 1, after })
  if (found === undefined) throw new RegistryError('NAME_UNKNOWN', `Unknown repository ${repository}`, { detail: { name: repository } })
  const tags = found.slice(0, limit)
  const last = tags.at(-1)
  // SPEC: n=0 gives an empty list and no Link.
  const link = last !== undefined && found.length > limit ? nextLink(`/v2/${repository}/tags/list`, { n: String(limit), last }) : {}
  return jsonReply(200, JSON.stringify({ name: repository, tags }), link)
}

/** GET /v2/_catalog: repositories that the caller may read, filtered before they are counted into pages. */
export async function listRepositories({ metadata, authorize }: Registry, request: RegistryRequest): Promise<Reply> {
  const { limit, after } = parsePage(request.query, CATALOG)
  const repositories: string[] = []
  for await (const name of allRepositories(metadata, after)) {
    if (repositories.length > limit) break
    if ((await authorize(request, { type: 'repository', name, action: 'pull' })) === 'allow') repositories.push(name)
  }
  const page = repositories.slice(0, limit)
  const last = page.at(-1)
  const link = last !== undefined && repositories.length > limit ? nextLink('/v2/_catalog', { n: String(limit), last }) : {}
  return jsonReply(200, JSON.stringify({ repositories: page }), link)
}

async function* allRepositories(metadata: RegistryMetadata, after: string): AsyncGenerator<string> {
  for (let from: string | undefined = after; from !== undefined;) {
    const names: readonly string[] = await metadata.listRepositories({ limit: CATALOG.max, after: from })
    yield* names
    from = names.length < CATALOG.max ? undefined : names.at(-1)
  }
}

/** GET /v2/<name>/referrers/<digest>[?artifactType=…] (end-12): never 404, also for what is unknown. */
export async function listReferrers(
  { metadata }: Registry,
  { query }: RegistryRequest,
  { repository, digest }: { readonly repository: string; readonly digest: Digest },
): Promise<Reply> {
  const artifactType = query.get('artifactType') ?? undefined
  const rows = await metadata.listReferrers(repository, digest, { artifactType, after: query.get('last') ?? '', limit: REFERRERS_ROWS + 1 })
  let bytes = 0
  // At least one, so that every page leads on.
  const fitting = rows
    .slice(0, REFERRERS_ROWS)
    .filter(({ descriptor }, i) => (bytes += Buffer.byteLength(descriptor)) <= REFERRERS_BYTES || i === 0)
  const last = fitting.at(-1)
  const more = last !== undefined && fitting.length < rows.length
  const manifests = fitting.map(({ descriptor }) => descriptor).join(',')
  const reply = jsonReply(200, `{"schemaVersion":2,"mediaType":"${MediaType.ociIndex}","manifests":[${manifests}]}`, {
    ...(artifactType !== undefined && { 'oci-filters-applied': 'artifactType' }),
    ...(more &&
      nextLink(`/v2/${repository}/referrers/${digest}`, { last: last.digest, ...(artifactType !== undefined && { artifactType }) })),
  })
  return { ...reply, headers: { ...reply.headers, 'content-type': MediaType.ociIndex } }
}
