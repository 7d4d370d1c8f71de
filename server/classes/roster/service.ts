import Papa from 'papaparse'
import { z } from 'zod'
import type { Class } from '../../../prisma/generated/client.js'
import type { RosterApplied, RosterPreview } from '../../../protocol/api/index.js'
import { audit } from '../../audit.js'
import type { Principal, Principals } from '../../auth/principal.js'
import { type Database, inTransaction } from '../../database/client.js'
import { ApiError } from '../../errors.js'
import { decode } from '../../spreadsheets/decode.js'
import { isAdmin, seatIn } from '../access.js'
import { lockClass, requireOpen } from '../enrolling.js'
import { presentStudent, selectStudents, studentRow } from '../rows.js'
import { asConflict } from '../students.js'
import { applyPlan } from './apply.js'
import { type Now, planRoster } from './plan.js'
import { type Roster, readRoster } from './read.js'

interface Client {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/** The list of students of a class as a file. */
export class Rosters {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /** What importing a file would do. Nothing is changed. @throws ApiError `invalid_request` for a file that cannot be read */
  async preview(who: Principal, classId: string, file: Uint8Array, remove: boolean): Promise<RosterPreview> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const roster = readRoster(decode(file))
    return planRoster(roster, await nowOf(this.database.pool, row, roster, isAdmin(who)), remove).preview
  }

  /**
   * Does what a preview said, all of it or nothing.
   *
   * @param digest of the preview
   * @throws ApiError `conflict` when the class has changed so that something else would be done now
   */
  async apply(
    who: Principal,
    classId: string,
    file: Uint8Array,
    { remove, digest }: { remove: boolean; digest: string },
  ): Promise<RosterApplied> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const roster = readRoster(decode(file))
    const { tenantId } = who
    const preview = await asConflict({}, () =>
      inTransaction(this.database.pool, async (client) => {
        await lockClass(client, tenantId, classId)
        await requireOpen(client, classId)
        const now = await nowOf(client, row, roster, isAdmin(who))
        const plan = planRoster(roster, now, remove)
        if (plan.preview.digest !== digest) {
          throw new ApiError(
            'conflict',
            'the class or the file has changed since the preview; look at a new preview and apply that',
          )
        }
        if (remove && plan.preview.problems.length > 0) {
          throw new ApiError(
            'conflict',
            `${plan.preview.problems.length} lines have problems, and whom they mean would be taken out; correct the file first`,
          )
        }
        await applyPlan(client, tenantId, now, plan)
        return plan.preview
      }),
    )
    const { unchanged } = preview
    const [added, changed] = [preview.added.length, preview.changed.length]
    const removed = preview.removed.length
    this.principals.forget({ tenantId })
    await audit(this.database.prisma, who, 'class.roster', classId, {
      ...{ class: row.name, added, changed, removed },
    })
    return { added, changed, removed, unchanged }
  }

  /** As a spreadsheet opens it: cells that it would compute begin with an apostrophe. */
  async csv(who: Principal, classId: string): Promise<string> {
    const { row } = await seatIn(this.database, who, 'class.look', classId)
    const { students, sections, groups } = await nowOf(
      this.database.pool,
      row,
      { rows: [], problems: [] },
      false,
    )
    const names = new Map([...sections, ...groups].map(({ id, name }) => [id, name]))
    const lines = students.map((one) => {
      const { name, number, email, signInName, section, group, state } = presentStudent(one)
      return [...[name, number, email, signInName, names.get(section ?? ''), names.get(group ?? ''), state]]
    })
    const head = ['Name', 'Number', 'Email', 'Sign-in name', 'Section', 'Group', 'State']
    // Spreadsheets take a file without the mark for one in the encoding of their country.
    return `\uFEFF${Papa.unparse([head, ...lines], { escapeFormulae: true })}\r\n`
  }
}

const part = z.object({ id: z.string(), name: z.string(), kind: z.string() })

/** @param links whether the caller may know who is in the tenant already, as `enrol` says */
async function nowOf(
  client: Client,
  { id, tenantId }: Class,
  { rows }: Roster,
  links: boolean,
): Promise<Now> {
  const emails = links ? rows.flatMap(({ email }) => email ?? []) : []
  const students = await client.query(`${selectStudents} ORDER BY lower(one.name), one.id`, [id])
  const parts = await client.query(
    'SELECT id, name, kind FROM class_part WHERE "classId" = $1 ORDER BY name',
    [id],
  )
  const staff = await client.query(
    `SELECT lower("user".email) AS email FROM member JOIN "user" ON "user".id = member."userId"
     WHERE member."tenantId" = $1 AND member.role <> 'student' AND lower("user".email) = ANY($2)`,
    [tenantId, emails],
  )
  const all = z.array(part).parse(parts.rows)
  return {
    classId: id,
    students: z.array(studentRow).parse(students.rows),
    sections: all.filter(({ kind }) => kind === 'section'),
    groups: all.filter(({ kind }) => kind === 'group'),
    staff: new Set(staff.rows.map(({ email }) => String(email))),
    links,
  }
}
