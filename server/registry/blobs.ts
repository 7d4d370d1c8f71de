import { Readable } from 'node:stream'
import type { Logger } from 'pino'
import { z } from 'zod'
import { every } from '../../common/timers.js'
import { newId } from '../../protocol/api/index.js'
import { contentUpload } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Placer } from '../nodes/placer.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'
import {
  assertRoom,
  countBlob,
  countUpload,
  diskUsedUp,
  lockDigest,
  noUpload,
  type Upload,
} from './counting.js'
import { RegistryError } from './error.js'

/** Of one tenant at the same time. */
const maxUploads = 20
/** While bytes of an upload come its row says how many; `reconcile.ts` ends what nobody continues. */
const countEveryMs = 2000
const mib = 1024 ** 2
const nothing = z.unknown()

/** Blobs of a tenant's repositories: their rows are here, and their bytes on the node that has the tenant's others. */
export class Blobs {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly log: Logger,
  ) {}

  /** @throws RegistryError `BLOB_UNKNOWN` */
  async stat(
    who: Principal,
    repository: string,
    digest: string,
  ): Promise<{ sizeBytes: number; nodeId: string }> {
    assertMay(who, 'image.read')
    const row = await this.database.prisma.registryBlob.findUnique({
      where: { tenantId_repository_digest: { tenantId: who.tenantId, repository, digest } },
    })
    if (row?.ready !== true) throw new RegistryError('BLOB_UNKNOWN', `there is no blob ${digest}`)
    // Whoever looks for it wants to use it: it is not forgotten before its manifest comes.
    if (Date.now() - row.createdAt.getTime() > 3_600_000) {
      await this.database.prisma.registryBlob.updateMany({
        where: { tenantId: who.tenantId, repository, digest },
        data: { createdAt: new Date() },
      })
    }
    return { sizeBytes: Number(row.sizeBytes), nodeId: row.nodeId }
  }

  /** Its bytes, or the part that a header `Range` names. Destroying the answer ends the call. */
  async read(
    who: Principal,
    repository: string,
    digest: string,
    range: string | undefined,
  ): Promise<ByteStream> {
    const { nodeId } = await this.stat(who, repository, digest)
    const runtime = await this.nodes.reach(nodeId)
    const headers = range === undefined ? {} : { range }
    return runtime.readFile(`/content/${who.tenantId}/${digest}`, {}, headers).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.code === 'not_found')) throw error
      throw new RegistryError('BLOB_UNKNOWN', `there is no blob ${digest} on its node`)
    })
  }

  /** Takes it out of a repository. @throws RegistryError `BLOB_UNKNOWN` */
  async delete(who: Principal, repository: string, digest: string): Promise<void> {
    assertMay(who, 'image.delete')
    const { count } = await this.database.prisma.registryBlob.deleteMany({
      where: { tenantId: who.tenantId, repository, digest, ready: true },
    })
    if (count === 0) throw new RegistryError('BLOB_UNKNOWN', `there is no blob ${digest}`)
    const detail = { repository, reference: digest }
    await audit(this.database.prisma, who, 'image.delete', null, detail)
  }

  /**
   * Puts a blob of another repository of the tenant into this one.
   * @param from null for any repository
   * @returns whether there is one
   * @throws RegistryError `DENIED`
   */
  async mount(who: Principal, repository: string, digest: string, from: string | null): Promise<boolean> {
    assertMay(who, 'image.push')
    return inTransaction(this.database.pool, async (client) => {
      // A statement of its own: the next one sees what whoever had the lock has done.
      await client.query(lockDigest, [who.tenantId, digest])
      const { rowCount } = await client.query(
        `INSERT INTO registry_blob ("tenantId", repository, digest, "nodeId", "sizeBytes", ready)
         SELECT "tenantId", $2, digest, "nodeId", "sizeBytes", true FROM registry_blob
         WHERE "tenantId" = $1 AND digest = $3 AND ($4::TEXT IS NULL OR repository = $4) AND ready LIMIT 1
         ON CONFLICT ("tenantId", repository, digest) DO UPDATE SET ready = true, "sizeBytes" = excluded."sizeBytes",
           "nodeId" = excluded."nodeId", "createdAt" = now() AT TIME ZONE 'UTC'`,
        [who.tenantId, repository, digest, from],
      )
      await assertRoom(client, who.tenantId)
      return rowCount === 1
    })
  }

  /** @throws RegistryError `DENIED`, `TOOMANYREQUESTS` */
  async begin(who: Principal, repository: string): Promise<Upload> {
    assertMay(who, 'image.push')
    const { tenantId } = who
    const { prisma } = this.database
    const other = await prisma.registryBlob.findFirst({ where: { tenantId }, select: { nodeId: true } })
    const home = other?.nodeId ?? (await this.placer.home(tenantId)).id
    const id = newId('up')
    const nodeId = await inTransaction(
      this.database.pool,
      async (client, answers) => {
        const { quota, held } = quotaUsage(answers)
        if (held.diskMiB >= quota.diskMiB) {
          throw diskUsedUp()
        }
        const { rows } = await client.query<{ count: number }>(
          'SELECT count(*)::INTEGER AS count FROM registry_upload WHERE "tenantId" = $1',
          [tenantId],
        )
        if ((rows[0]?.count ?? 0) >= maxUploads) {
          throw new RegistryError('TOOMANYREQUESTS', `${maxUploads} uploads are under way already`, {
            'retry-after': '10',
          })
        }
        // All of a tenant's blobs are on one node, so that an image is whole there; the first upload says where.
        const inserted = await client.query<{ nodeId: string }>(
          `INSERT INTO registry_upload (id, "tenantId", repository, "nodeId")
           SELECT $1, $2, $3, coalesce((SELECT "nodeId" FROM registry_blob WHERE "tenantId" = $2 LIMIT 1),
             (SELECT "nodeId" FROM registry_upload WHERE "tenantId" = $2 LIMIT 1), $4) RETURNING "nodeId"`,
          [id, tenantId, repository, home],
        )
        return inserted.rows[0]?.nodeId ?? home
      },
      admission(tenantId, ''),
    )
    try {
      await (await this.nodes.reach(nodeId)).assertMayChange()
    } catch (error) {
      await prisma.registryUpload.deleteMany({ where: { id } })
      throw error
    }
    return { id, repository, nodeId }
  }

  /** @throws RegistryError `BLOB_UPLOAD_UNKNOWN` */
  async upload(who: Principal, repository: string, id: string): Promise<Upload> {
    assertMay(who, 'image.push')
    const row = await this.database.prisma.registryUpload.findUnique({ where: { id } })
    if (row === null || row.tenantId !== who.tenantId || row.repository !== repository) {
      throw noUpload()
    }
    return row
  }

  /** How many bytes have come. */
  async sizeOf({ id, nodeId }: Upload): Promise<number> {
    const runtime = await this.nodes.reach(nodeId)
    try {
      return (await runtime.ask('GET', `/content/uploads/${id}`, contentUpload)).sizeBytes
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'not_found')) throw error
      return 0 // nothing has come yet, or the node has started since
    }
  }

  /** @returns how many bytes have come now. @throws RegistryError `BLOB_UPLOAD_UNKNOWN`, `RANGE_INVALID`, `DENIED` */
  async append(who: Principal, upload: Upload, offset: number, body: Readable): Promise<number> {
    const { id, nodeId } = upload
    const { quota, held } = quotaUsage(await this.#usage(who.tenantId))
    const row = await this.database.prisma.registryUpload.findUnique({ where: { id } })
    if (row === null) throw noUpload()
    const bytesMax = Math.max(0, Math.floor((quota.diskMiB - held.diskMiB) * mib) + Number(row.sizeBytes))
    const runtime = await this.nodes.reach(nodeId)
    const ending = new AbortController()
    let refused: RegistryError | undefined
    const counting = every(countEveryMs, 'counting an upload', this.log, async () => {
      refused ??= await countUpload(this.database.pool, who.tenantId, id, await this.sizeOf(upload))
      if (refused !== undefined) ending.abort()
    })
    try {
      const path = `/content/uploads/${id}`
      const answer = await runtime.send('PATCH', path, { offset, bytesMax }, body, {}, ending.signal)
      const { sizeBytes } = contentUpload.parse(answer.body)
      refused ??= await countUpload(this.database.pool, who.tenantId, id, sizeBytes)
      if (refused !== undefined) throw refused
      return sizeBytes
    } catch (error) {
      if (refused !== undefined) {
        // Without a row it would be counted nowhere.
        await this.cancel(upload)
        throw refused
      }
      if (error instanceof ApiError && error.code === 'quota_exceeded') {
        await this.cancel(upload)
        throw diskUsedUp()
      }
      throw error
    } finally {
      counting[Symbol.dispose]()
    }
  }

  /**
   * Makes an upload a blob of its repository.
   * @throws RegistryError `DIGEST_INVALID`
   */
  async finish(who: Principal, upload: Upload, digest: string): Promise<void> {
    const { tenantId } = who
    const { id, repository, nodeId } = upload
    const sizeBytes = await this.sizeOf(upload)
    if (sizeBytes === 0 && (upload.sizeBytes ?? 0n) > 0n) {
      await this.cancel(upload) // the node has started since
      throw noUpload()
    }
    const runtime = await this.nodes.reach(nodeId)
    // A blob without bytes was never begun on the node.
    if (sizeBytes === 0) {
      await runtime.send('PATCH', `/content/uploads/${id}`, { offset: 0, bytesMax: 0 }, Readable.from([]))
    }
    try {
      await countBlob(this.database.pool, tenantId, upload, { digest, sizeBytes })
    } catch (error) {
      if (error instanceof RegistryError) await this.cancel(upload)
      throw error
    }
    try {
      const counted = { space: tenantId, digest, sizeBytes }
      await runtime.ask('POST', `/content/uploads/${id}/finish`, nothing, {}, counted)
    } catch (error) {
      // Its place is for a blob that comes; digests can be made up without end.
      await this.database.prisma.registryBlob.deleteMany({
        where: { tenantId, repository, digest, ready: false },
      })
      if (error instanceof ApiError && error.code === 'conflict') {
        // Bytes of it are still coming; the client ends it when they have come.
        const refused = await countUpload(this.database.pool, tenantId, id, await this.sizeOf(upload))
        if (refused !== undefined) await this.cancel(upload)
        throw refused ?? error
      }
      await this.cancel(upload)
      if (!(error instanceof ApiError && error.code === 'invalid_request')) throw error
      throw new RegistryError('DIGEST_INVALID', error.message)
    }
    const { rowCount } = await this.database.pool.query(
      `UPDATE registry_blob SET ready = true, "sizeBytes" = $5
       WHERE "tenantId" = $1 AND repository = $2 AND digest = $3 AND "nodeId" = $4`,
      [tenantId, repository, digest, nodeId, sizeBytes],
    )
    await this.database.prisma.registryUpload.deleteMany({ where: { id } })
    if (rowCount === 1) return
    // It was deleted meanwhile, and its file may have been: a row without bytes would be worse than pushing once more.
    const where = { tenantId_digest_nodeId: { tenantId, digest, nodeId } }
    await this.database.prisma.deletedBlob.upsert({ where, create: { tenantId, digest, nodeId }, update: {} })
    throw new RegistryError('UNAVAILABLE', 'the blob was deleted while it was pushed; push it again')
  }

  async cancel({ id, nodeId }: Pick<Upload, 'id' | 'nodeId'>): Promise<void> {
    await this.database.prisma.registryUpload.deleteMany({ where: { id } })
    const { runtime } = await this.nodes.of(nodeId)
    await runtime.ask('DELETE', `/content/uploads/${id}`, nothing).catch(() => {}) // it ends by itself
  }

  #usage(tenantId: string) {
    return inTransaction(this.database.pool, async (_, answers) => answers, admission(tenantId, ''))
  }
}
