import { createHash } from 'node:crypto'
import type pg from 'pg'
import { z } from 'zod'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'
import { RegistryError } from './error.js'
import { type descriptor, readManifest } from './manifest-format.js'
import { referenceOf } from './names.js'

/** As the specification wants at least. */
export const manifestBytesMax = 4 * 1024 ** 2
/** Of one tenant. */
const maxManifests = 2000
const maxTags = 10_000
const mib = 1024 ** 2
/** Of an index, that a template is made of. */
const maxChildren = 63
const maxChildrenBytes = 12 * mib
export const referrersPage = 100
/** Larger ones are left out of a list; they are in the manifest. */
const maxAnnotations = 16_384

const referring = z.array(
  z.object({
    ...{ mediaType: z.string(), digest: z.string(), size: z.number() },
    ...{ artifactType: z.string().nullable(), annotations: z.record(z.string(), z.string()).nullable() },
  }),
)

export interface StoredManifest {
  readonly digest: string
  readonly mediaType: string
  readonly content: Uint8Array
}

/** Manifests and tags of a tenant's repositories. */
export class Manifests {
  constructor(private readonly database: Database) {}

  /** @throws RegistryError `MANIFEST_UNKNOWN` */
  async get(who: Principal, repository: string, reference: string): Promise<StoredManifest> {
    assertMay(who, 'image.read')
    const { tenantId } = who
    const found = referenceOf(reference)
    const { prisma } = this.database
    const digest =
      'digest' in found
        ? found.digest
        : (
            await prisma.registryTag.findUnique({
              where: { tenantId_repository_tag: { tenantId, repository, tag: found.tag } },
            })
          )?.digest
    const row =
      digest === undefined
        ? null
        : await prisma.registryManifest.findUnique({
            where: { tenantId_repository_digest: { tenantId, repository, digest } },
          })
    if (row === null) throw new RegistryError('MANIFEST_UNKNOWN', `there is no manifest ${reference}`)
    return row
  }

  /**
   * @returns its digest, and that of what it is about
   * @throws RegistryError `MANIFEST_INVALID`, `MANIFEST_BLOB_UNKNOWN`, `DIGEST_INVALID`
   */
  async put(
    who: Principal,
    repository: string,
    reference: string,
    mediaType: string,
    content: Buffer,
  ): Promise<{ digest: string; subject: string | undefined }> {
    assertMay(who, 'image.push')
    const { tenantId } = who
    const wanted = referenceOf(reference)
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    if ('digest' in wanted && wanted.digest !== digest) {
      throw new RegistryError('DIGEST_INVALID', `the manifest has the digest ${digest}`)
    }
    const parsed = readManifest(mediaType, content)
    const refs = 'config' in parsed ? [parsed.config, ...parsed.layers] : parsed.manifests
    const { subject } = parsed
    const artifactType = parsed.artifactType ?? ('config' in parsed ? parsed.config.mediaType : undefined)
    await inTransaction(
      this.database.pool,
      async (client, answers) => {
        const { quota, held } = quotaUsage(answers)
        if (held.diskMiB + content.length / mib > quota.diskMiB) {
          throw new RegistryError('DENIED', 'the quota of disk is used up; delete something')
        }
        const { rows } = await client.query(
          `SELECT (SELECT count(*) FROM registry_manifest WHERE "tenantId" = $1)::INTEGER AS manifests,
             (SELECT count(*) FROM registry_tag WHERE "tenantId" = $1)::INTEGER AS tags`,
          [tenantId],
        )
        const counted = z.object({ manifests: z.number(), tags: z.number() }).parse(rows[0])
        if (counted.manifests >= maxManifests || counted.tags >= maxTags) {
          const message = `a tenant has at most ${maxManifests} manifests and ${maxTags} tags; delete some`
          throw new RegistryError('DENIED', message)
        }
        if ('config' in parsed) await assertBlobs(client, tenantId, repository, refs)
        await client.query(
          `INSERT INTO registry_manifest ("tenantId", repository, digest, "mediaType", content, refs, subject, "artifactType", annotations)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT ("tenantId", repository, digest) DO UPDATE SET "mediaType" = excluded."mediaType", refs = excluded.refs`,
          [
            ...[tenantId, repository, digest, mediaType, content, refs.map((one) => one.digest)],
            ...[subject?.digest ?? null, artifactType ?? null, parsed.annotations ?? null],
          ],
        )
        if (!('tag' in wanted)) return
        await client.query(
          `INSERT INTO registry_tag ("tenantId", repository, tag, digest) VALUES ($1, $2, $3, $4)
           ON CONFLICT ("tenantId", repository, tag) DO UPDATE SET digest = excluded.digest, "updatedAt" = now() AT TIME ZONE 'UTC'`,
          [tenantId, repository, wanted.tag, digest],
        )
      },
      admission(tenantId, ''),
    )
    await audit(this.database.prisma, who, 'image.push', null, { repository, reference, digest })
    return { digest, subject: subject?.digest }
  }

  /** A tag alone, or a manifest with its tags. @throws RegistryError `MANIFEST_UNKNOWN` */
  async delete(who: Principal, repository: string, reference: string): Promise<void> {
    assertMay(who, 'image.delete')
    const found = referenceOf(reference)
    const where = { tenantId: who.tenantId, repository, ...found }
    const { prisma } = this.database
    const { count } =
      'tag' in found
        ? await prisma.registryTag.deleteMany({ where })
        : await prisma.registryManifest.deleteMany({ where })
    if (count === 0) throw new RegistryError('MANIFEST_UNKNOWN', `there is no manifest ${reference}`)
    await audit(prisma, who, 'image.delete', null, { repository, reference })
  }

  /** In their order. @throws RegistryError `NAME_UNKNOWN` */
  async tags(who: Principal, repository: string, page: { n: number; last: string }): Promise<string[]> {
    assertMay(who, 'image.read')
    const { rows } = await this.database.pool.query<{ tag: string }>(
      `SELECT tag FROM registry_tag WHERE "tenantId" = $1 AND repository = $2 AND tag COLLATE "C" > $3
       ORDER BY tag COLLATE "C" LIMIT $4`,
      [who.tenantId, repository, page.last, page.n],
    )
    if (rows.length === 0 && !(await this.#isThere(who.tenantId, repository))) {
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${repository}`)
    }
    return rows.map(({ tag }) => tag)
  }

  async catalog(who: Principal, page: { n: number; last: string }): Promise<string[]> {
    assertMay(who, 'image.read')
    const { rows } = await this.database.pool.query<{ repository: string }>(
      `SELECT DISTINCT repository COLLATE "C" AS repository FROM registry_manifest
       WHERE "tenantId" = $1 AND repository COLLATE "C" > $2 ORDER BY 1 LIMIT $3`,
      [who.tenantId, page.last, page.n],
    )
    return rows.map(({ repository }) => repository)
  }

  /** An index of what is about a manifest, a page of it: what comes after `last`. */
  async referrers(
    who: Principal,
    repository: string,
    subject: string,
    { artifactType = null, last }: { artifactType?: string | null; last: string },
  ) {
    assertMay(who, 'image.read')
    // Manifests themselves, and annotations as large as one, stay in the database.
    const { rows } = await this.database.pool.query(
      `SELECT "mediaType", digest, octet_length(content) AS size, "artifactType",
         CASE WHEN length(annotations::TEXT) <= $5 THEN annotations END AS annotations
       FROM registry_manifest
       WHERE "tenantId" = $1 AND repository = $2 AND subject = $3 AND ($4::TEXT IS NULL OR "artifactType" = $4)
         AND digest COLLATE "C" > $6
       ORDER BY digest COLLATE "C" LIMIT $7`,
      [who.tenantId, repository, subject, artifactType, maxAnnotations, last, referrersPage],
    )
    return {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: referring.parse(rows).map((row) => ({
        ...{ mediaType: row.mediaType, digest: row.digest, size: row.size },
        ...(row.artifactType === null ? {} : { artifactType: row.artifactType }),
        ...(row.annotations === null ? {} : { annotations: row.annotations }),
      })),
    }
  }

  /**
   * Of an index, the manifests that are there, by its order; of a manifest none.
   * @throws RegistryError `MANIFEST_INVALID` when they are too large together
   */
  async children(who: Principal, repository: string, { digest }: StoredManifest): Promise<Uint8Array[]> {
    const { tenantId } = who
    const sizes = await this.database.prisma.$queryRaw<{ digest: string; bytes: number }[]>`
      SELECT child.digest, octet_length(child.content) AS bytes
      FROM registry_manifest AS top JOIN registry_manifest AS child
        ON child."tenantId" = top."tenantId" AND child.repository = top.repository AND child.digest = ANY(top.refs)
      WHERE top."tenantId" = ${tenantId} AND top.repository = ${repository} AND top.digest = ${digest}
      ORDER BY array_position(top.refs, child.digest) LIMIT ${maxChildren}`
    if (sizes.reduce((sum, { bytes }) => sum + bytes, 0) > maxChildrenBytes) {
      const message = `the manifests of the index have more than ${maxChildrenBytes / mib} MiB; name one of them by its digest`
      throw new RegistryError('MANIFEST_INVALID', message)
    }
    const rows = await this.database.prisma.registryManifest.findMany({
      where: { tenantId, repository, digest: { in: sizes.map((one) => one.digest) } },
      select: { content: true },
    })
    return rows.map(({ content }) => content)
  }

  async #isThere(tenantId: string, repository: string): Promise<boolean> {
    const { prisma } = this.database
    return (
      (await prisma.registryManifest.findFirst({
        where: { tenantId, repository },
        select: { digest: true },
      })) !== null
    )
  }
}

/**
 * Blobs that a manifest needs are there, and are counted as new: `reconcile.ts`, which may be forgetting them at this moment, sees that or
 * was first. In the manifest's own transaction.
 * @throws RegistryError `MANIFEST_BLOB_UNKNOWN`, `MANIFEST_INVALID`
 */
async function assertBlobs(
  client: pg.PoolClient,
  tenantId: string,
  repository: string,
  wanted: readonly z.infer<typeof descriptor>[],
): Promise<void> {
  const { rows } = await client.query<{ digest: string; bytes: number }>(
    `UPDATE registry_blob SET "createdAt" = now() AT TIME ZONE 'UTC'
     WHERE "tenantId" = $1 AND repository = $2 AND digest = ANY($3) AND ready RETURNING digest, "sizeBytes"::FLOAT8 AS bytes`,
    [tenantId, repository, wanted.map(({ digest }) => digest)],
  )
  const sizes = new Map(rows.map(({ digest, bytes }) => [digest, bytes]))
  for (const { digest, size, urls = [] } of wanted) {
    const there = sizes.get(digest)
    if (there === undefined && urls.length > 0) continue // it is at these addresses
    if (there === undefined) throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `there is no blob ${digest}`)
    if (there === size) continue
    throw new RegistryError('MANIFEST_INVALID', `the blob ${digest} has ${there} bytes and not ${size}`)
  }
}
