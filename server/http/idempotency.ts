import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { PrismaClient } from '../../prisma/generated/client.js'
import { sha256 } from '../auth/credential.js'
import { ApiError } from '../errors.js'

/** A first try that is not through after this long died with its server. */
const abandonedMs = 120_000

/**
 * Does what a request asks for once, however often it is sent with the same `Idempotency-Key`: whoever asks
 * again gets the first answer. A try that failed is forgotten and may be repeated.
 *
 * @param key undefined: just do it
 * @throws ApiError `conflict` while the first try is under way, `invalid_request` when the key came with another request
 */
export async function once<T extends object>(
  prisma: PrismaClient,
  request: FastifyRequest,
  key: string | undefined,
  schema: z.ZodType<T>,
  act: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return act()
  const { tenantId } = request.principal
  const fingerprint = sha256(`${request.method} ${request.url} ${JSON.stringify(request.body)}`)
  const where = { tenantId_key: { tenantId, key } }
  await prisma.idempotency.deleteMany({
    where: { tenantId, key, status: null, createdAt: { lt: new Date(Date.now() - abandonedMs) } },
  })
  const { count } = await prisma.idempotency.createMany({
    data: { tenantId, key, request: fingerprint },
    skipDuplicates: true,
  })
  if (count === 0) {
    const first = await prisma.idempotency.findUnique({ where })
    if (first !== null && first.request !== fingerprint) {
      throw new ApiError(
        'invalid_request',
        'this Idempotency-Key came with another request before; use a new one',
      )
    }
    if (first === null || first.status === null) {
      throw new ApiError('conflict', 'the first request with this Idempotency-Key is still under way', 1)
    }
    return schema.parse(first.response)
  }
  try {
    const response = await act()
    await prisma.idempotency.update({
      where,
      data: { status: 201, response: JSON.parse(JSON.stringify(response)) },
    })
    return response
  } catch (error) {
    await prisma.idempotency.delete({ where })
    throw error
  }
}
