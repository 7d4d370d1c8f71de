import { createHash } from 'node:crypto'
import {
  type Gradebook,
  type GradebookChange,
  type GradebookPreview,
  gradebookBounds,
} from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { brokenQuotes, clean, type Line, linesOf } from '../spreadsheets/lines.js'

type Student = Gradebook['students'][number]
type Task = Gradebook['assignments'][number]
type Problem = GradebookPreview['problems'][number]

const names = new Set(['name', 'student', '姓名', '学生', '学生姓名'])
const numbers = new Set(['number', 'no', 'student number', 'student id', '学号', '编号'])
/** It is computed. */
const totals = new Set(['total', '总分'])

interface Columns {
  readonly name: number
  readonly number: number
  readonly tasks: readonly { readonly at: number; readonly index: number; readonly task: Task }[]
  readonly ignored: readonly string[]
}

/**
 * Compares a file, as the export writes it, with the grade book of the class. A student is found by their number, else by a name that only one
 * has; an assignment by its title. An empty cell changes nothing, and so does one that says what counts already.
 *
 * @throws ApiError `invalid_request` for what is no grade book, `quota_exceeded` for too many changes at once
 */
export function planGradebook(text: string, book: Gradebook): GradebookPreview {
  const isTask = (heading: string) => book.assignments.some((task) => isHeadingOf(heading, task))
  const isKnown = (heading: string) =>
    names.has(heading.toLowerCase()) || numbers.has(heading.toLowerCase()) || isTask(heading)
  const [head, ...others] = linesOf(text, isKnown, gradebookBounds.rows)
  const columns = columnsOf(head?.cells ?? [], book.assignments)
  const lines = others.filter(({ cells }) => cells.some((cell) => cell !== ''))
  if (lines.length > gradebookBounds.rows) {
    throw new ApiError(
      'invalid_request',
      `the file has ${lines.length} lines, and at most ${gradebookBounds.rows} can be imported at once`,
    )
  }
  const problems: Problem[] = []
  const changed: GradebookChange[] = []
  const met = new Map<string, number>()
  let unchanged = 0
  for (const line of lines) {
    const found = line.broken ? brokenQuotes : studentOf(line, columns, book.students)
    const twin = typeof found === 'string' ? undefined : met.get(found.id)
    if (typeof found === 'string' || twin !== undefined) {
      problems.push({
        line: line.line,
        problem: String(twin === undefined ? found : `the same student as in line ${twin}`),
      })
      continue
    }
    met.set(found.id, line.line)
    for (const { at, index, task } of columns.tasks) {
      const cell = line.cells[at] ?? ''
      if (cell === '') continue
      const before = found.grades[index]?.points ?? null
      const to = pointsOf(cell, task)
      if (typeof to === 'string') problems.push({ line: line.line, problem: to })
      else if (to === before) unchanged++
      else if (found.userId === null) {
        problems.push({ line: line.line, problem: `${found.name} has not joined the class yet` })
        break
      } else {
        const student = { id: found.id, userId: found.userId, name: found.name }
        changed.push({ line: line.line, student, assignment: task.id, title: task.title, from: before, to })
      }
    }
  }
  if (changed.length > gradebookBounds.changes) {
    throw new ApiError(
      'invalid_request',
      `the file changes ${changed.length} points, and at most ${gradebookBounds.changes} can be changed at once; import fewer columns`,
    )
  }
  const whole = { rows: lines.length, changed, unchanged, ignored: [...columns.ignored], problems }
  return { digest: createHash('sha256').update(JSON.stringify(whole)).digest('hex'), ...whole }
}

/** Its title, or as the export heads it: with the points that there are. */
function isHeadingOf(heading: string, { title, maxPoints }: Task): boolean {
  const wanted = clean(title)
  return heading === wanted || heading === `${wanted} (${maxPoints})`
}

function columnsOf(headings: readonly string[], assignments: readonly Task[]): Columns {
  const find = (known: ReadonlySet<string>) => headings.findIndex((one) => known.has(one.toLowerCase()))
  const [name, number] = [find(names), find(numbers)]
  if (name < 0 && number < 0) {
    throw new ApiError(
      'invalid_request',
      'the first line has no column that says who it is; head it `Name` or `Number`, as the export does',
    )
  }
  const tasks: { at: number; index: number; task: Task }[] = []
  const ignored: string[] = []
  for (const [at, heading] of headings.entries()) {
    if (at === name || at === number || heading === '' || totals.has(heading.toLowerCase())) continue
    const fits = [...assignments.entries()].filter(([, task]) => isHeadingOf(heading, task))
    const [first, second] = fits
    if (first === undefined) ignored.push(heading)
    else if (second !== undefined || tasks.some(({ index }) => index === first[0])) {
      throw new ApiError(
        'invalid_request',
        `the column ${heading} is not the only one for its assignment, or two assignments have this title; rename one`,
      )
    } else tasks.push({ at, index: first[0], task: first[1] })
  }
  if (tasks.length === 0) {
    throw new ApiError(
      'invalid_request',
      'no column is headed with the title of an assignment of the class; export the grade book to see how they are written',
    )
  }
  return { name, number, tasks, ignored }
}

/** @returns why it is nobody, or not clear who */
function studentOf(
  { cells }: Line,
  { name, number }: Columns,
  students: readonly Student[],
): Student | string {
  const [wantedNumber, wantedName] = [cells[number] ?? '', cells[name] ?? '']
  if (wantedNumber !== '') {
    const found = students.find((one) => one.number !== null && clean(one.number) === wantedNumber)
    return found ?? `nobody in the class has the number ${wantedNumber.slice(0, 64)}`
  }
  if (wantedName === '') return 'the name is missing'
  const found = students.filter((one) => clean(one.name) === wantedName)
  if (found.length > 1)
    return `${found.length} students are named ${wantedName.slice(0, 64)}; give their numbers`
  return found[0] ?? `nobody in the class is named ${wantedName.slice(0, 64)}`
}

/** A number with a point or a comma. @returns why it is none that can be given */
function pointsOf(cell: string, { title, maxPoints }: Task): number | string {
  if (!/^\d{1,7}([.,]\d{1,6})?$/.test(cell)) return `${title}: ${cell.slice(0, 32)} is no number of points`
  const points = Number(cell.replace(',', '.'))
  return points > maxPoints ? `${title}: ${cell} is more than the ${maxPoints} points that there are` : points
}
