import type { Digest } from '../../../oci/mod.ts'
import type { Registry } from '../registry.ts'

/** The last step of every upload. CRASH: the bytes are durable before the repository has them; after a kill between the two gc takes them, and the client sends them again. */
export async function storeUpload(
  { uploads, metadata, sessions }: Registry,
  { id, repository, digest }: { readonly id: string; readonly repository: string; readonly digest: Digest },
): Promise<void> {
  await using held = await uploads.commit(id, digest)
  await Promise.all([metadata.putBlob(repository, { digest, content: held.content, size: held.size }), sessions.delete(id)])
}
