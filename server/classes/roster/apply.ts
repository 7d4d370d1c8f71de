import type pg from 'pg'
import { newId, type RosterChange } from '../../../protocol/api/index.js'
import { enrol } from '../enrolling.js'
import { type PartKind, requireRoom } from '../parts.js'
import type { Now, Plan } from './plan.js'

/** Does what a plan says, in a transaction that has locked the class and has made the plan from what it saw. */
export async function applyPlan(
  client: pg.PoolClient,
  tenantId: string,
  { classId, sections, groups, links }: Now,
  { add, preview }: Plan,
): Promise<void> {
  const gone = preview.removed.map(({ id }) => id)
  await client.query(`DELETE FROM class_member WHERE "classId" = $1 AND role = 'student' AND id = ANY($2)`, [
    ...[classId, gone],
  ])
  const idIn = {
    section: await addParts(client, classId, 'section', sections, preview.sections),
    group: await addParts(client, classId, 'group', groups, preview.groups),
  }
  await change(client, classId, preview.changed, idIn)
  await enrol(
    client,
    { tenantId, classId, links },
    add.map(({ name, number, email, section, group }) => ({
      ...{ name, number: number ?? null, email: email ?? null },
      ...{ sectionId: idIn.section(section), groupId: idIn.group(group) },
    })),
  )
}

type IdOf = (name: string | null | undefined) => string | null

/** @returns what gives the id of each that there is now */
async function addParts(
  client: pg.PoolClient,
  classId: string,
  kind: PartKind,
  known: Now['sections'],
  names: readonly string[],
): Promise<IdOf> {
  requireRoom(kind, known.length, names.length)
  const made = names.map((name) => ({ id: newId('cp'), name }))
  await client.query(
    `INSERT INTO class_part (id, "classId", kind, name)
     SELECT id, $1, $2, name FROM jsonb_to_recordset($3::JSONB) AS one(id TEXT, name TEXT)`,
    [classId, kind, JSON.stringify(made)],
  )
  const ids = new Map([...known, ...made].map(({ id, name }) => [name, id]))
  return (name) => (name ? (ids.get(name) ?? null) : null)
}

async function change(
  client: pg.PoolClient,
  classId: string,
  changed: readonly RosterChange[],
  idIn: Readonly<Record<'section' | 'group', IdOf>>,
): Promise<void> {
  const rows = changed.map(({ id, changes }) => {
    const to = new Map(changes.map((one) => [one.field, one.to]))
    const has = (field: RosterChange['changes'][number]['field']) => to.has(field)
    return {
      ...{
        id,
        name: to.get('name') ?? null,
        number: to.get('number') ?? null,
        email: to.get('email') ?? null,
      },
      ...{ sectionId: idIn.section(to.get('section')), groupId: idIn.group(to.get('group')) },
      ...{ hasNumber: has('number'), hasSection: has('section'), hasGroup: has('group') },
    }
  })
  const values = [classId, JSON.stringify(rows)]
  // No number or address is somebody else's before: the plan has such lines among its problems.
  await client.query(
    `UPDATE class_member AS one SET name = coalesce(next.name, one.name), email = coalesce(next.email, one.email),
       number = CASE WHEN "hasNumber" THEN next.number ELSE one.number END,
       "sectionId" = CASE WHEN "hasSection" THEN next."sectionId" ELSE one."sectionId" END,
       "groupId" = CASE WHEN "hasGroup" THEN next."groupId" ELSE one."groupId" END
     FROM jsonb_to_recordset($2::JSONB) AS next(id TEXT, name TEXT, number TEXT, email TEXT, "sectionId" TEXT, "groupId" TEXT,
       "hasNumber" BOOLEAN, "hasSection" BOOLEAN, "hasGroup" BOOLEAN)
     WHERE one.id = next.id AND one."classId" = $1`,
    values,
  )
}
