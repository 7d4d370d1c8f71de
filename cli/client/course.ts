import type { ClassCourse, CourseRosterPreview } from '../../sdk/index.js'
import { type Command, Failure } from '../command.js'
import { classIdOf, classWords } from './class.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable } from './output.js'

const group = 'Classes'

const show = clientCommand({
  ...{ name: 'class course show', group, operands: 'CLASS' },
  summary: 'Show the course of a learning platform that a class is connected to, and what points it was told',
  completes: classWords,
  async run({ cloche, words, json }) {
    const course = await cloche.classes.course(await classIdOf(cloche, words[0]))
    if (json) printJson(course)
    else if (course === null) throw new Failure('the class is connected to no course')
    else printCourse(course)
    return course !== null && course.failures.length > 0 ? 1 : 0
  },
})

function printCourse({ title, platform, links, failures }: ClassCourse): void {
  console.log(`${title} (${platform.name})`)
  const rows = links.map((one) => [
    ...[one.title, String(one.sent), String(one.due), String(one.failed), one.graded ? '' : 'no points'],
  ])
  if (rows.length > 0) printTable(['ASSIGNMENT', 'SENT', 'WAITING', 'FAILED', ''], rows)
  for (const one of failures) console.error(`cloche: ${one.student}, ${one.title}: ${one.message}`)
}

const sync = clientCommand({
  ...{ name: 'class course sync', group, operands: 'CLASS' },
  summary: 'Bring the people of the course into the class, and print what changes',
  details:
    'Whoever is not active in the course any more leaves the class, and their work is kept. People who joined the class otherwise stay.',
  flags: {
    'dry-run': { type: 'boolean', short: 'n', help: 'print what would change, and change nothing' },
  },
  completes: classWords,
  async run({ cloche, words, has, json }) {
    const id = await classIdOf(cloche, words[0])
    const preview = await cloche.classes.previewCourseRoster(id)
    if (!has('dry-run')) await cloche.classes.applyCourseRoster(id, preview)
    if (json) printJson(preview)
    else printPreview(preview)
    return 0
  },
})

function printPreview({ added, changed, removed, unchanged }: CourseRosterPreview): void {
  for (const { name, role } of added) console.log(`+ ${name} (${role})`)
  for (const { name, from, to } of changed) console.log(`~ ${name}: ${from} -> ${to}`)
  for (const { name, role } of removed) console.log(`- ${name} (${role})`)
  const counts = `${added.length} added, ${changed.length} changed, ${removed.length} removed`
  console.log(`${counts}, ${unchanged} unchanged`)
}

const sendAgain = clientCommand({
  ...{ name: 'class course send', group, operands: 'CLASS' },
  summary: 'Send points again that the platform of the course has not taken',
  completes: classWords,
  async run({ cloche, words, json }) {
    const count = await cloche.classes.sendCourseScores(await classIdOf(cloche, words[0]))
    if (json) printJson({ count })
    else console.log(`${count} sent again`)
    return 0
  },
})

export const courseCommands: readonly Command[] = [show, sync, sendAgain]
