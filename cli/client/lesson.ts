import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Cloche, LessonOutcome } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { classIdOf, classWords } from './class.js'
import { clientCommand } from './client-command.js'
import { findSandbox } from './find.js'
import { printJson, printTable } from './output.js'

const group = 'Classes'
const ofStudents = {
  student: { type: 'string', multiple: true, value: 'NAME', help: 'only this one; may be given again' },
} as const

/** The lesson of a class that runs. */
async function runningIn(cloche: Cloche, word: string | undefined): Promise<string> {
  const { value } = await cloche.lessons.list(await classIdOf(cloche, word)).next()
  if (value === undefined || value.endedAt !== null) {
    throw new UsageError('no lesson of this class runs; cloche lesson start CLASS starts one')
  }
  return value.id
}

/** Students by their names, as the class knows them; undefined for all. */
async function chosen(cloche: Cloche, id: string, names: readonly string[]): Promise<string[] | undefined> {
  if (names.length === 0) return undefined
  const { students } = await cloche.lessons.students(id)
  return names.map((name) => {
    const found = students.filter((one) => one.name === name || one.student === name)
    const [one] = found
    if (one === undefined) throw new UsageError(`no student of this class is called ${name}`)
    if (found.length > 1) throw new UsageError(`several students are called ${name}: name one by the id`)
    return one.student
  })
}

const choice = async (cloche: Cloche, id: string, names: readonly string[]) => {
  const students = await chosen(cloche, id, names)
  return students === undefined ? {} : { students }
}

/** @returns the exit code: 1 when it failed for somebody */
function printOutcome({ students }: LessonOutcome, json: boolean): number {
  const rows = students.map(({ name, outcome, detail }) => [name, outcome, detail ?? ''])
  if (json) printJson(students)
  else printTable(['STUDENT', 'OUTCOME', 'DETAIL'], rows)
  return students.some(({ outcome }) => outcome === 'failed') ? 1 : 0
}

const start = clientCommand({
  ...{ name: 'lesson start', group, operands: 'CLASS' },
  summary: 'Start a live lesson of a class, and print its id',
  flags: {
    assignment: { type: 'string', value: 'ID', help: 'whose sandboxes and steps it is about' },
    minutes: { type: 'string', value: 'N', help: 'after which it ends by itself; 180 if absent' },
  },
  completes: classWords,
  async run({ cloche, words, text, number, json }) {
    const [assignment, minutes] = [text('assignment'), number('minutes')]
    const lesson = await cloche.lessons.start(await classIdOf(cloche, words[0]), {
      ...(assignment === undefined ? {} : { assignment }),
      ...(minutes === undefined ? {} : { minutes }),
    })
    if (json) printJson(lesson)
    else console.log(lesson.id)
    return 0
  },
})

const end = clientCommand({
  ...{ name: 'lesson end', group, operands: 'CLASS' },
  summary: 'End the live lesson of a class',
  completes: classWords,
  async run({ cloche, words, json }) {
    const lesson = await cloche.lessons.end(await runningIn(cloche, words[0]))
    if (json) printJson(lesson)
    return 0
  },
})

const students = clientCommand({
  ...{ name: 'lesson students', group, operands: 'CLASS' },
  summary: 'List what each student does in the live lesson of a class',
  completes: classWords,
  async run({ cloche, words, json }) {
    const { students: all } = await cloche.lessons.students(await runningIn(cloche, words[0]))
    const rows = all.map(({ name, state, handUp, steps, sandbox }) => [
      ...[name, state, handUp ?? '', `${steps.passed}/${steps.checks}`, sandbox?.id ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['STUDENT', 'STATE', 'HAND UP', 'STEPS', 'SANDBOX'], rows)
    return 0
  },
})

const acting = (action: 'freeze' | 'thaw' | 'reset', summary: string) =>
  clientCommand({
    ...{ name: `lesson ${action}`, group, operands: 'CLASS', summary, flags: ofStudents },
    completes: classWords,
    async run({ cloche, words, texts, json }) {
      const id = await runningIn(cloche, words[0])
      return printOutcome(await cloche.lessons[action](id, await choice(cloche, id, texts('student'))), json)
    },
  })

const message = clientCommand({
  ...{ name: 'lesson message', group, operands: 'CLASS TEXT', flags: ofStudents },
  summary: 'Write to the students of a live lesson',
  completes: classWords,
  async run({ cloche, words, texts, json }) {
    const [word, said] = words
    if (said === undefined) throw new UsageError('specify what to write')
    const id = await runningIn(cloche, word)
    const sent = await cloche.lessons.send(id, {
      ...{ text: said, ...(await choice(cloche, id, texts('student'))) },
    })
    if (json) printJson(sent)
    return 0
  },
})

const push = clientCommand({
  ...{ name: 'lesson push', group, operands: 'CLASS FILE [PATH]' },
  summary: 'Send a file to the students of a live lesson, into their home directories',
  flags: {
    ...ofStudents,
    replace: { type: 'boolean', help: 'a file that is there, which is kept under another name otherwise' },
  },
  completes: classWords,
  async run({ cloche, words, texts, has, json }) {
    const [word, file, path] = words
    if (file === undefined) throw new UsageError('specify a file')
    const id = await runningIn(cloche, word)
    const how = { path: path ?? basename(file), existing: has('replace') ? 'replace' : 'keep' } as const
    const to = await choice(cloche, id, texts('student'))
    return printOutcome(await cloche.lessons.push(id, { ...how, ...to }, await readFile(file)), json)
  },
})

const show = clientCommand({
  ...{ name: 'lesson show', group, operands: 'CLASS SANDBOX [TERMINAL]' },
  summary: 'Show a terminal of a sandbox of yours to the students of a live lesson',
  completes: classWords,
  async run({ cloche, words, json }) {
    const [word, box, wanted] = words
    const id = await runningIn(cloche, word)
    const sandbox = await findSandbox(cloche, box)
    const live = (await sandbox.terminals.list()).filter(({ exit }) => exit === null)
    const terminal = wanted ?? live.at(-1)?.id
    if (terminal === undefined) throw new UsageError('this sandbox has no open terminal; open one first')
    const shown = await cloche.lessons.show(id, { sandbox: sandbox.id, terminal })
    if (json) printJson(shown)
    return 0
  },
})

const unshow = clientCommand({
  ...{ name: 'lesson unshow', group, operands: 'CLASS' },
  summary: 'Stop showing a terminal to the students of a live lesson',
  completes: classWords,
  async run({ cloche, words }) {
    await cloche.lessons.stopShowing(await runningIn(cloche, words[0]))
    return 0
  },
})

const timetable = clientCommand({
  ...{ name: 'lesson timetable', group, operands: 'CLASS' },
  summary: 'List the weekly lessons of a class, and how many sandboxes wait for the next',
  completes: classWords,
  async run({ cloche, words, json }) {
    const { lessons } = await cloche.lessons.timetable(await classIdOf(cloche, words[0]))
    const rows = lessons.map(({ day, at, nextAt, assignment, template, warm }) => [
      ...[day, at, nextAt, assignment ?? template ?? ''],
      warm === null ? '' : `${warm.ready}/${warm.wanted}`,
    ])
    if (json) printJson(lessons)
    else printTable(['DAY', 'AT', 'NEXT', 'FOR', 'READY'], rows)
    return 0
  },
})

export const lessonCommands: readonly Command[] = [
  ...[start, end, students],
  acting('freeze', 'Freeze the students of a live lesson: their sandboxes are paused'),
  acting('thaw', 'Thaw the students of a live lesson'),
  ...[message, push, show, unshow, timetable],
  acting('reset', 'Reset the work of students to the starter; what was there is kept as a snapshot'),
]
