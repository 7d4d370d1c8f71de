import type { Invitation, Prisma } from '../../prisma/generated/client.js'
import { classBounds, newId } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

export const isArchived = () =>
  new ApiError('conflict', 'this class is archived; a teacher can take it out of the archive')

type ToClass = Pick<Invitation, 'classId' | 'sectionId' | 'tenantId'>

export async function isInClass(
  client: Prisma.TransactionClient,
  { classId }: ToClass,
  userId: string,
): Promise<boolean> {
  return (await client.classMember.count({ where: { classId: classId ?? '', userId } })) > 0
}

/**
 * Makes somebody who has just joined the tenant by a link of a class its student, in the transaction that makes them a member.
 * Whom the roster expects with this address takes that place, with the section and group that are written there.
 *
 * @throws ApiError `conflict` for a class that is archived, `quota_exceeded` for a full one
 */
export async function joinClass(
  client: Prisma.TransactionClient,
  { classId, sectionId, tenantId }: ToClass,
  userId: string,
): Promise<void> {
  if (classId === null) return
  await client.$queryRaw`SELECT id FROM class WHERE id = ${classId} FOR NO KEY UPDATE`
  const [found, user, member] = await Promise.all([
    client.class.findUnique({ where: { id: classId } }),
    client.user.findUniqueOrThrow({ where: { id: userId } }),
    client.member.findUniqueOrThrow({ where: { tenantId_userId: { tenantId, userId } } }),
  ])
  if (found === null || found.archivedAt !== null) throw isArchived()
  if (member.role !== 'student' || (await isInClass(client, { classId, sectionId, tenantId }, userId))) return
  const email = user.username === null ? user.email.toLowerCase() : null
  const joinedAt = new Date()
  const expected =
    email === null
      ? null
      : await client.classMember.findUnique({ where: { classId_email: { classId, email } } })
  if (expected !== null && expected.userId === null) {
    await client.classMember.update({
      where: { id: expected.id },
      data: { userId, joinedAt, sectionId: expected.sectionId ?? sectionId },
    })
    return
  }
  const count = await client.classMember.count({ where: { classId, role: 'student' } })
  if (count >= classBounds.students) {
    throw new ApiError('quota_exceeded', `this class has ${count} students, and no room for more`)
  }
  await client.classMember.create({
    data: {
      ...{ id: newId('cs'), classId, tenantId, userId, role: 'student', sectionId, joinedAt },
      ...{ name: user.name, email: expected === null ? email : null },
    },
  })
}
