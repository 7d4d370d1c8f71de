import type { Prisma } from '../../prisma/generated/client.js'
import { forbidden } from '../errors.js'

/**
 * An account that a tenant has made, for a student without an e-mail address, acts in this tenant alone: its teachers can give
 * it another code at any time, and must not come into other tenants by that.
 *
 * @param tenantId the one that it would act in; null: of its own
 * @throws ApiError `forbidden`
 */
export async function requireNotManaged(
  prisma: Prisma.TransactionClient,
  userId: string,
  tenantId: string | null,
): Promise<void> {
  const user = await prisma.user.findUnique({ where: { id: userId }, select: { managedById: true } })
  if (user === null || user.managedById === null || user.managedById === tenantId) return
  throw forbidden(
    'your account was made by your school and is for it alone; sign up with an email address for this',
  )
}
