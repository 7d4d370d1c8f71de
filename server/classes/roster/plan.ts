import { createHash } from 'node:crypto'
import type { RosterChange, RosterPreview, RosterProblem } from '../../../protocol/api/index.js'
import type { StudentRow } from '../rows.js'
import type { Roster, RosterRow } from './read.js'

/** A class as it is. */
export interface Now {
  readonly classId: string
  readonly students: readonly StudentRow[]
  readonly sections: readonly { readonly id: string; readonly name: string }[]
  readonly groups: readonly { readonly id: string; readonly name: string }[]
  /** Addresses of the tenant's people who are no students; none where `links` is false. */
  readonly staff: ReadonlySet<string>
  /** As `enrol` says. */
  readonly links: boolean
}

/** What applying a roster does. */
export interface Plan {
  readonly preview: RosterPreview
  readonly add: readonly RosterRow[]
}

const fields = ['name', 'number', 'email', 'section', 'group'] as const

/**
 * Compares a roster with a class. Somebody is found by their sign-in name, else their number, else their e-mail address;
 * a line that has none of them by a name that only one has. What a roster has no column for stays.
 *
 * @param remove whether whoever is in the class and not in the roster is taken out
 */
export function planRoster({ rows, problems: unread }: Roster, now: Now, remove: boolean): Plan {
  const find = finder(now.students)
  const nameOf = namer(now)
  const problems: RosterProblem[] = [...unread]
  const seen = new Map<string, number>()
  const [add, changed, met] = [[] as RosterRow[], [] as RosterChange[], new Set<string>()]
  let unchanged = 0
  for (const row of rows) {
    const refuse = (problem: string) => void problems.push({ line: row.line, problem })
    const twin = keysOf(row).flatMap((key) => seen.get(key) ?? [])[0]
    for (const key of keysOf(row)) if (!seen.has(key)) seen.set(key, row.line)
    if (twin !== undefined) {
      refuse(`the same student as in line ${twin}`)
      continue
    }
    const found = find(row)
    if (typeof found === 'string') refuse(found)
    else if (found === undefined) {
      if (row.email && now.staff.has(row.email)) refuse(`${row.email} belongs to the staff of the tenant`)
      else add.push(row)
    } else if (met.has(found.id)) refuse('the same student as in a line above')
    else {
      met.add(found.id)
      const changes = changesOf(row, found, nameOf)
      if (changes.length === 0) unchanged++
      else changed.push({ line: row.line, id: found.id, name: found.name, changes })
    }
  }
  const removed = remove
    ? now.students.filter(({ id }) => !met.has(id)).map(({ id, name }) => ({ id, name }))
    : []
  const newNames = (kind: 'section' | 'group', known: Now['sections']) => {
    const there = new Set(known.map(({ name }) => name))
    const wanted = [
      ...add.map((row) => row[kind]),
      ...changed.flatMap(({ changes }) => changes.filter(({ field }) => field === kind).map(({ to }) => to)),
    ]
    return [...new Set(wanted.filter((name) => typeof name === 'string'))].filter((name) => !there.has(name))
  }
  const whole = {
    rows: rows.length + unread.length,
    added: add.map(({ line, name, number, email, section, group }) => ({
      ...{ line, name, number: number ?? null, email: email ?? null },
      ...{ section: section ?? null, group: group ?? null, account: !email },
    })),
    ...{ changed, unchanged, removed },
    sections: newNames('section', now.sections),
    groups: newNames('group', now.groups),
    problems: problems.toSorted((a, b) => a.line - b.line),
  }
  return { add, preview: { digest: digestOf(now.classId, remove, whole), ...whole } }
}

/** Whatever is different about what would be done makes another one. */
const digestOf = (classId: string, remove: boolean, whole: object): string =>
  createHash('sha256')
    .update(JSON.stringify([classId, remove, whole]))
    .digest('hex')

/** By which two lines of a roster are of one student. */
function keysOf({ name, number, email, signIn }: RosterRow): string[] {
  const keys = [
    ...(signIn ? [`sign-in ${signIn}`] : []),
    ...(number ? [`number ${number}`] : []),
    ...(email ? [`email ${email}`] : []),
  ]
  return keys.length > 0 ? keys : [`name ${name}`]
}

function finder(students: readonly StudentRow[]) {
  const by = (key: (student: StudentRow) => string | null | undefined) => {
    const map = new Map<string, StudentRow[]>()
    for (const one of students) {
      const value = key(one)
      if (value) map.set(value, [...(map.get(value) ?? []), one])
    }
    return map
  }
  const [bySignIn, byNumber, byName] = [
    by(({ username }) => username),
    by(({ number }) => number),
    by(({ name }) => name),
  ]
  const byEmail = by(addressOf)
  /** @returns undefined for somebody new, and a text for what is wrong */
  return ({ name, number, email, signIn }: RosterRow): StudentRow | string | undefined => {
    const ofSignIn = signIn ? bySignIn.get(signIn)?.[0] : undefined
    if (signIn && ofSignIn === undefined) return `no student of this class signs in as ${signIn.slice(0, 64)}`
    const ofNumber = number ? byNumber.get(number)?.[0] : undefined
    const ofEmail = email ? byEmail.get(email)?.[0] : undefined
    const found = ofSignIn ?? ofNumber ?? ofEmail
    if (found === undefined) {
      if (signIn || number || email) return undefined
      const called = byName.get(name) ?? []
      return called.length > 1
        ? `${called.length} students are called ${name}; give their numbers`
        : called[0]
    }
    const other = [ofNumber, ofEmail].find((one) => one !== undefined && one.id !== found.id)
    if (other !== undefined) return `this is ${found.name}, but the number or address is of ${other.name}`
    return found
  }
}

const addressOf = ({ email, accountEmail, username }: StudentRow): string | null =>
  username === null ? (accountEmail?.toLowerCase() ?? email) : null

const namer = ({ sections, groups }: Now) => {
  const names = new Map([...sections, ...groups].map(({ id, name }) => [id, name]))
  return (id: string | null) => (id === null ? null : (names.get(id) ?? null))
}

function changesOf(row: RosterRow, student: StudentRow, nameOf: (id: string | null) => string | null) {
  const before = {
    ...{ name: student.name, number: student.number, email: addressOf(student) },
    ...{ section: nameOf(student.sectionId), group: nameOf(student.groupId) },
  }
  return fields.flatMap((field): RosterChange['changes'] => {
    const [from, to] = [before[field], row[field]]
    if (to === undefined || to === from) return []
    // The address of an account is its person's own, and without one somebody who is expected could not join.
    if (field === 'email' && (to === null || student.userId !== null)) return []
    return [{ field, from, to }]
  })
}
