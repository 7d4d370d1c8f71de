import { z } from 'zod'
import { type ClassPart, classBounds, newId } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { seatIn } from './access.js'

/** A student is in at most one of each kind. */
export type PartKind = 'section' | 'group'

const taken = z.object({ code: z.literal('P2002') })

/** Sections and groups of a class. */
export class ClassParts {
  constructor(private readonly database: Database) {}

  /** @throws ApiError `conflict` when the name is taken, or there are as many as there may be */
  async create(who: Principal, classId: string, kind: PartKind, name: string): Promise<ClassPart> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const id = newId('cp')
    await this.#naming(kind, name, () =>
      this.database.prisma.$transaction(async (client) => {
        await client.$queryRaw`SELECT id FROM class WHERE id = ${classId} FOR NO KEY UPDATE`
        requireRoom(kind, await client.classPart.count({ where: { classId, kind } }), 1)
        await client.classPart.create({ data: { id, classId, kind, name } })
      }),
    )
    await audit(this.database.prisma, who, `class.${kind}_create`, classId, { class: row.name, name })
    return { id, name, students: 0 }
  }

  async rename(
    who: Principal,
    classId: string,
    kind: PartKind,
    id: string,
    name: string,
  ): Promise<ClassPart> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { prisma } = this.database
    const { count } = await this.#naming(kind, name, () =>
      prisma.classPart.updateMany({ where: { id, classId, kind }, data: { name } }),
    )
    if (count === 0) throw notFound(kind)
    await audit(prisma, who, `class.${kind}_rename`, classId, { class: row.name, name })
    const students = await prisma.classMember.count({
      where: kind === 'section' ? { sectionId: id } : { groupId: id },
    })
    return { id, name, students }
  }

  /** Its students stay in the class, in none. */
  async delete(who: Principal, classId: string, kind: PartKind, id: string): Promise<void> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { prisma } = this.database
    const part = await prisma.classPart.findFirst({ where: { id, classId, kind } })
    if (part === null) throw notFound(kind)
    await prisma.classPart.deleteMany({ where: { id } })
    await audit(prisma, who, `class.${kind}_delete`, classId, { class: row.name, name: part.name })
  }

  async #naming<T>(kind: PartKind, name: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (!taken.safeParse(error).success) throw error
      throw new ApiError('conflict', `a ${kind} of this class is called ${name} already`)
    }
  }
}

/** @throws ApiError `quota_exceeded` */
export function requireRoom(kind: PartKind, count: number, more: number): void {
  const most = kind === 'section' ? classBounds.sections : classBounds.groups
  if (count + more > most) {
    throw new ApiError('quota_exceeded', `a class has at most ${most} ${kind}s, and this one has ${count}`)
  }
}

/** @throws ApiError `not_found` unless the section and group are of the class */
export async function requireParts(
  database: Database,
  classId: string,
  { section, group }: { section?: string | null | undefined; group?: string | null | undefined },
): Promise<void> {
  for (const [kind, id] of [
    ['section', section],
    ['group', group],
  ] as const) {
    if (id === null || id === undefined) continue
    const found = await database.prisma.classPart.findFirst({ where: { id, classId, kind } })
    if (found === null) throw notFound(kind)
  }
}
