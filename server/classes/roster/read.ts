import { z } from 'zod'
import { displayName, type RosterProblem, rosterBounds } from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'
import { brokenQuotes, linesOf } from '../../spreadsheets/lines.js'
import { type Column, columnOf } from './headings.js'

/** A line of a roster, with what it says; what its column does not have is undefined, and an empty cell is null. */
export interface RosterRow {
  /** Of the file, from 1. */
  readonly line: number
  readonly name: string
  readonly number: string | null | undefined
  readonly email: string | null | undefined
  readonly signIn: string | null | undefined
  readonly section: string | null | undefined
  readonly group: string | null | undefined
}

export interface Roster {
  readonly rows: readonly RosterRow[]
  /** Lines that cannot be read, and why. They are in no rows. */
  readonly problems: readonly RosterProblem[]
}

/**
 * Reads a roster: a heading line, and a line for each student.
 *
 * @throws ApiError `invalid_request` when no column has names, or there are too many lines
 */
export function readRoster(text: string): Roster {
  const lines = linesOf(text, (heading) => columnOf(heading) !== undefined, rosterBounds.rows)
  const [head, ...others] = lines
  const columns = head?.cells.map(columnOf) ?? []
  if (!columns.some((column) => column === 'name' || column === 'first' || column === 'last')) {
    throw new ApiError(
      'invalid_request',
      'the first line has no column with names; head it `Name` or `姓名`. Others are Number, Email, Section and Group',
    )
  }
  const twice = columns.find((column, at) => column !== undefined && columns.indexOf(column) !== at)
  if (twice !== undefined) {
    throw new ApiError('invalid_request', `two columns of the first line mean the same: ${twice}`)
  }
  const filled = others.filter(({ cells }) => cells.some((cell) => cell !== ''))
  if (filled.length > rosterBounds.rows) {
    throw new ApiError(
      'invalid_request',
      `the roster has ${filled.length} lines, and at most ${rosterBounds.rows} can be imported at once`,
    )
  }
  const rows: RosterRow[] = []
  const problems: RosterProblem[] = []
  for (const { line, cells, broken } of filled) {
    const read = broken ? { problem: brokenQuotes } : rowOf(line, cells, columns)
    if ('problem' in read) problems.push({ line, problem: read.problem })
    else rows.push(read)
  }
  return { rows, problems }
}

const text = { name: displayName, number: displayName, section: displayName, group: displayName } as const
const words = { name: 'the name', number: 'the number', section: 'the section', group: 'the group' } as const
const address = z.email().max(254)

function rowOf(
  line: number,
  cells: readonly string[],
  columns: readonly (Column | undefined)[],
): RosterRow | { problem: string } {
  const cell = (column: Column) => {
    const at = columns.indexOf(column)
    return at < 0 ? undefined : (cells[at] ?? '') || null
  }
  const [first, last] = [cell('first') ?? '', cell('last') ?? '']
  // In Chinese the family name is first, and nothing is between.
  const joined = /\p{Script=Han}/u.test(first + last) ? `${last}${first}` : `${first} ${last}`.trim()
  const row = {
    ...{ line, name: cell('name') ?? joined, number: cell('number') },
    ...{ email: cell('email')?.toLowerCase() ?? (columns.includes('email') ? null : undefined) },
    ...{ signIn: cell('signIn')?.toLowerCase(), section: cell('section'), group: cell('group') },
  }
  if (row.name === '') return { problem: 'the name is missing' }
  for (const field of ['name', 'number', 'section', 'group'] as const) {
    const value = row[field]
    if (typeof value !== 'string') continue
    if (!text[field].safeParse(value).success)
      return { problem: `${words[field]} is longer than 64 characters` }
  }
  if (typeof row.email === 'string' && !address.safeParse(row.email).success) {
    return { problem: `${row.email.slice(0, 64)} is not an e-mail address` }
  }
  return row
}
