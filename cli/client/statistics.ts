import type { AssignmentStatistics } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printFields, printJson, printTable } from './output.js'

const statistics = clientCommand({
  ...{ name: 'assignment statistics', group: 'Classes', operands: 'ASSIGNMENT' },
  summary: 'Print where the class is stuck in an assignment, and how long it takes',
  details:
    'Of the latest submission of each student. Of fewer than five students there is no distribution of points and minutes.',
  async run({ cloche, words: [id], json }) {
    if (id === undefined)
      throw new UsageError('specify an assignment by its id; cloche assignment ls CLASS lists them')
    const found = await cloche.assignments.statistics(id)
    if (json) printJson(found)
    else print(found)
    return 0
  },
})

function print({
  students,
  began,
  handedIn,
  graded,
  points,
  steps,
  tests,
  errors,
  time,
}: AssignmentStatistics) {
  const spread = (one: { lowerQuartile: number; median: number; upperQuartile: number } | null) =>
    one === null ? '' : `${one.lowerQuartile} / ${one.median} / ${one.upperQuartile}`
  printFields([
    ['Students', String(students)],
    ['Began', String(began)],
    ['Handed in', String(handedIn)],
    ['Graded', String(graded)],
    ['Points (quartiles)', points === null ? 'too few' : `${spread(points)} of ${points.maxPoints}`],
    ['Minutes (quartiles)', time.state === 'shown' ? spread(time.minutes) : missing[time.state]],
  ])
  table(
    ['STEP', 'HAVE IT', 'FAIL'],
    steps.map(({ title, passed, failed }) => [title, String(passed), String(failed)]),
  )
  table(
    ['TEST', 'PASS', 'FAIL', 'NO RESULT'],
    tests.map((one) => [one.name, String(one.passed), String(one.failed), String(one.unknown)]),
  )
  table(
    ['STUDENTS', 'ERROR', 'EXAMPLE'],
    errors.map((one) => [String(one.students), one.text, one.example]),
  )
  table(
    ['STUDENT', 'MINUTES'],
    (time.each ?? []).map(({ name, minutes }) => [name, String(minutes)]),
  )
}

const missing = { off: 'switched off by the operator', few: 'too few' }

function table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return
  console.log('')
  printTable(titles, rows)
}

export const statisticsCommands: readonly Command[] = [statistics]
