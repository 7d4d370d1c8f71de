import pg from 'pg'
import type { AddStudent, ChangeStudent, ClassStudent, StudentPage } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal, Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound } from '../errors.js'
import { isAdmin, seatIn } from './access.js'
import { enrol, lockClass, requireOpen } from './enrolling.js'
import { requireParts } from './parts.js'
import { presentStudent, selectStudents, studentRow } from './rows.js'

/** The students of classes. Staff see them; students do not see each other. */
export class ClassStudents {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /**
   * By name.
   * @param query `cursor`: id of the last one of the page before
   * @throws ApiError `invalid_request` when that one is not in the class any more: the rest would be missing without a word
   */
  async list(
    who: Principal,
    classId: string,
    query: StudentPage,
  ): Promise<{ items: ClassStudent[]; nextCursor: string | null }> {
    await seatIn(this.database, who, 'class.look', classId)
    const { limit, cursor, search, section, group } = query
    await requireCursor(cursor, (id) =>
      this.database.prisma.classMember.count({ where: { id, classId, role: 'student' } }),
    )
    const pattern = search === undefined ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`
    const { rows } = await this.database.pool.query(
      `${selectStudents} AND ($2::TEXT IS NULL OR one."sectionId" = $2) AND ($3::TEXT IS NULL OR one."groupId" = $3)
         AND ($4::TEXT IS NULL OR one.name ILIKE $4 OR one.number ILIKE $4 OR one.email ILIKE $4 OR account.email ILIKE $4
           OR account.username ILIKE $4)
         AND ($5::TEXT IS NULL OR (lower(one.name), one.id) > (SELECT lower(name), id FROM class_member WHERE id = $5 AND "classId" = $1))
       ORDER BY lower(one.name), one.id LIMIT $6`,
      [classId, section ?? null, group ?? null, pattern, cursor ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map((row) => presentStudent(studentRow.parse(row)))
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** @throws ApiError `conflict` when the class has this address or number already, or is archived */
  async add(who: Principal, classId: string, wanted: AddStudent): Promise<ClassStudent> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    await requireParts(this.database, classId, wanted)
    const { tenantId } = who
    const { name, number = null, section = null, group = null } = wanted
    const email = wanted.email?.toLowerCase() ?? null
    const [id] = await asConflict(wanted, () =>
      inTransaction(this.database.pool, async (client) => {
        await lockClass(client, tenantId, classId)
        await requireOpen(client, classId)
        return enrol(client, { tenantId, classId, links: isAdmin(who) }, [
          { name, email, number, sectionId: section, groupId: group },
        ])
      }),
    )
    this.principals.forget({ tenantId })
    await audit(this.database.prisma, who, 'class.student_add', classId, { class: row.name, name })
    return this.#get(classId, id ?? '')
  }

  /** Changes what is named, and nothing that somebody else changes at the same time. */
  async change(who: Principal, classId: string, id: string, wanted: ChangeStudent): Promise<ClassStudent> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const before = await this.#get(classId, id)
    await requireParts(this.database, classId, wanted)
    const { name, number, section, group } = wanted
    await asConflict(wanted, () =>
      this.database.pool.query(
        `UPDATE class_member SET name = coalesce($3, name), number = CASE WHEN $4 THEN $5 ELSE number END,
           "sectionId" = CASE WHEN $6 THEN $7 ELSE "sectionId" END, "groupId" = CASE WHEN $8 THEN $9 ELSE "groupId" END
         WHERE id = $1 AND "classId" = $2 AND role = 'student'`,
        [
          ...[id, classId, name ?? null, number !== undefined, number ?? null],
          ...[section !== undefined, section ?? null, group !== undefined, group ?? null],
        ],
      ),
    )
    await audit(this.database.prisma, who, 'class.student_change', classId, {
      ...{ class: row.name, name: name ?? before.name },
    })
    return this.#get(classId, id)
  }

  /** Takes somebody out of the class. They stay a member of the tenant, and their work is kept. */
  async remove(who: Principal, classId: string, id: string): Promise<void> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { name } = await this.#get(classId, id)
    await this.database.prisma.classMember.deleteMany({ where: { id, classId, role: 'student' } })
    this.principals.forget({ tenantId: who.tenantId })
    await audit(this.database.prisma, who, 'class.student_remove', classId, { class: row.name, name })
  }

  async #get(classId: string, id: string): Promise<ClassStudent> {
    const { rows } = await this.database.pool.query(`${selectStudents} AND one.id = $2`, [classId, id])
    if (rows[0] === undefined) throw notFound('student')
    return presentStudent(studentRow.parse(rows[0]))
  }
}

/**
 * What is unique among the students of a class, or has gone from it meanwhile.
 * @throws ApiError `conflict` that says what is taken; `not_found`
 */
export async function asConflict<T>(
  { email, number }: { email?: string | undefined; number?: string | null | undefined },
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const { code, constraint = '' } = error
    if (code === '23503')
      throw notFound(constraint.startsWith('class_member_classId') ? 'class' : 'section or group')
    if (code !== '23505') throw error
    const taken = new Map([
      ['class_member_classId_number_key', `the number ${number ?? 'of another'}`],
      ['class_member_classId_email_key', `the address ${email ?? 'of another'}`],
      ['class_member_classId_userId_key', `the account of ${email ?? 'another'}`],
    ]).get(constraint)
    throw new ApiError(
      'conflict',
      taken === undefined
        ? 'somebody else has made the same at this moment; try again'
        : `the class has a student with ${taken} already`,
    )
  }
}
