import { readFile, stat } from 'node:fs/promises'
import type { AssignmentSummary, ExamAttempt, ExamEvent, Grade, StudentWork } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { classIdOf, classWords } from './class.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable } from './output.js'
import { packDirectory } from './pack.js'
import { similarity } from './similarity.js'

const group = 'Classes'

function idOf(word: string | undefined): string {
  if (word === undefined)
    throw new UsageError('specify an assignment by its id; cloche assignment ls CLASS lists them')
  return word
}

const list = clientCommand({
  ...{ name: 'assignment ls', group, operands: 'CLASS' },
  summary: 'List the assignments of a class',
  completes: classWords,
  async run({ cloche, words, json }) {
    const all: AssignmentSummary[] = []
    for await (const one of cloche.assignments.list(await classIdOf(cloche, words[0]))) all.push(one)
    const rows = all.map(({ id, title, state, opensAt, dueAt }) => [
      ...[id, title, state, opensAt?.local ?? '', dueAt?.local ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'TITLE', 'STATE', 'OPENS', 'DUE'], rows)
    return 0
  },
})

const flags = {
  text: { type: 'string', value: 'FILE', help: 'Markdown' },
  opens: { type: 'string', value: 'TIME', help: 'such as 2026-12-01T08:00, by the clocks of the class' },
  due: { type: 'string', value: 'TIME', help: 'such as 2026-12-08T23:59' },
  template: { type: 'string', value: 'NAME', help: 'what workspaces are made from' },
  snapshot: { type: 'string', value: 'ID', help: 'what workspaces are made from' },
  publish: { type: 'boolean', help: 'students see it' },
  exam: { type: 'boolean', help: 'an exam, from the opening to the due time, without network' },
} as const

type Told = Pick<Parameters<Parameters<typeof clientCommand>[0]['run']>[0], 'text' | 'has'>

async function wantedOf({ text, has }: Told) {
  const [path, opensAt, dueAt] = [text('text'), text('opens'), text('due')]
  const [template, snapshot] = [text('template'), text('snapshot')]
  if (template !== undefined && snapshot !== undefined) {
    throw new UsageError('specify one of --template and --snapshot')
  }
  return {
    ...(path === undefined ? {} : { text: await readFile(path, 'utf8') }),
    ...(opensAt === undefined ? {} : { opensAt }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(template === undefined ? {} : { source: { template } }),
    ...(snapshot === undefined ? {} : { source: { snapshot } }),
    ...(has('publish') ? { published: true } : {}),
    ...(has('exam') ? { exam: {} } : {}),
  }
}

const create = clientCommand({
  ...{ name: 'assignment create', group, operands: 'CLASS TITLE', flags },
  summary: 'Create an assignment of a class, and print its id; a draft without --publish',
  completes: classWords,
  async run({ cloche, words, text, has, json }) {
    const [word, title] = words
    const classId = await classIdOf(cloche, word)
    if (title === undefined) throw new UsageError('specify a title')
    const made = await cloche.assignments.create(classId, { title, ...(await wantedOf({ text, has })) })
    if (json) printJson(made)
    else console.log(made.id)
    return 0
  },
})

const edit = clientCommand({
  ...{ name: 'assignment edit', group, operands: 'ASSIGNMENT' },
  summary: 'Change an assignment, or publish it',
  flags: {
    title: { type: 'string', value: 'TITLE', help: 'another title' },
    ...flags,
    withdraw: { type: 'boolean', help: 'a draft again' },
    'no-exam': { type: 'boolean', help: 'no exam any more; what was written in it is the students’ again' },
  },
  async run({ cloche, words, text, has, json }) {
    if (has('publish') && has('withdraw')) throw new UsageError('specify one of --publish and --withdraw')
    if (has('exam') && has('no-exam')) throw new UsageError('specify one of --exam and --no-exam')
    const title = text('title')
    const changed = await cloche.assignments.update(idOf(words[0]), {
      ...(title === undefined ? {} : { title }),
      ...(await wantedOf({ text, has })),
      ...(has('withdraw') ? { published: false } : {}),
      ...(has('no-exam') ? { exam: null } : {}),
    })
    if (json) printJson(changed)
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'assignment rm', group, operands: 'ASSIGNMENT...' },
  summary: 'Delete assignments; the sandboxes of students stay',
  flags: { submissions: { type: 'boolean', help: 'also what students have handed in' } },
  async run({ cloche, words, has }) {
    if (words.length === 0) idOf(undefined)
    const options = has('submissions') ? ({ submissions: 'delete' } as const) : {}
    for (const word of words) await cloche.assignments.delete(word, options)
    return 0
  },
})

const upload = clientCommand({
  ...{ name: 'assignment upload', group, operands: 'ASSIGNMENT PATH' },
  summary: 'Replace the starter files of an assignment by a directory, or by a tar, and print them',
  flags: { hidden: { type: 'boolean', help: 'the hidden files of the tests' } },
  async run({ cloche, words, has, json }) {
    const [word, path] = words
    const id = idOf(word)
    if (path === undefined) throw new UsageError('specify a directory or a tar')
    const isDirectory = (await stat(path)).isDirectory()
    const archive = isDirectory ? packed(path) : await readFile(path)
    const files = await (has('hidden') ? cloche.assignments.hidden : cloche.assignments.starter).replace(
      id,
      archive,
    )
    if (json) printJson(files)
    else for (const one of files) console.log(one.path)
    return 0
  },
})

const packed = (path: string) =>
  Buffer.concat([
    ...packDirectory(path, (name, why) => console.error(`cloche: ${String(name)} is left out: ${why}`)),
  ])

const work = clientCommand({
  ...{ name: 'assignment work', group, operands: 'ASSIGNMENT' },
  summary: 'List what each student of the class has of an assignment',
  async run({ cloche, words, json }) {
    const all: StudentWork[] = []
    for await (const one of cloche.assignments.work(idOf(words[0]))) all.push(one)
    const rows = all.map(({ name, state, passed, progress, sandbox, checkedAt }) => [
      ...[name, state, `${passed}/${progress.length}`, sandbox ?? '', checkedAt ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['STUDENT', 'STATE', 'STEPS', 'SANDBOX', 'CHECKED'], rows)
    return 0
  },
})

const attempts = clientCommand({
  ...{ name: 'assignment attempts', group, operands: 'ASSIGNMENT' },
  summary: 'List how each student of the class stands in an exam',
  async run({ cloche, words, json }) {
    const all: ExamAttempt[] = []
    for await (const one of cloche.assignments.attempts(idOf(words[0]))) all.push(one)
    const rows = all.map(({ name, startedAt, dueAt, activeAt, submissions, outcome, told }) => [
      ...[
        name,
        startedAt ?? '',
        dueAt.local,
        activeAt ?? '',
        String(submissions),
        outcome ?? '',
        String(told),
      ],
    ])
    if (json) printJson(all)
    else printTable(['STUDENT', 'STARTED', 'ENDS', 'ACTIVE', 'HANDED IN', 'END', 'EVENTS'], rows)
    return 0
  },
})

const kept = clientCommand({
  ...{ name: 'assignment kept', group, operands: 'ASSIGNMENT STUDENT [SNAPSHOT]' },
  summary: 'List what was kept of a student in an exam, or write one of these to stdout, as a tar',
  details: 'STUDENT is the id of the student in the class; `assignment attempts --json` tells it.',
  async run({ cloche, words, json }) {
    const [word, student, snapshot] = words
    const id = idOf(word)
    if (student === undefined) throw new UsageError('specify a student by their id in the class')
    if (snapshot !== undefined) {
      process.stdout.write(await cloche.assignments.packKeptWork(id, student, snapshot))
      return 0
    }
    const all = await cloche.assignments.keptWork(id, student)
    const rows = all.map(({ id, at, fileCount, bytes }) => [id, at, String(fileCount), String(bytes)])
    if (json) printJson(all)
    else printTable(['ID', 'AT', 'FILES', 'BYTES'], rows)
    return 0
  },
})

const events = clientCommand({
  ...{ name: 'assignment events', group, operands: 'ASSIGNMENT' },
  summary: 'List what happened in an exam, newest first',
  details: 'What a browser tells its student can have made up.',
  async run({ cloche, words, json }) {
    const all: ExamEvent[] = []
    for await (const one of cloche.assignments.events(idOf(words[0]))) all.push(one)
    const rows = all.map(({ at, student, type, toldBy, detail }) => [
      ...[at, student.name, type, toldBy, Object.values(detail).join(' ')],
    ])
    if (json) printJson(all)
    else printTable(['AT', 'STUDENT', 'EVENT', 'TOLD BY', 'DETAIL'], rows)
    return 0
  },
})

const grade = clientCommand({
  ...{ name: 'assignment grade', group, operands: 'ASSIGNMENT' },
  summary: 'Run the tests with the submissions that count once more, and print how many wait',
  flags: { ungraded: { type: 'boolean', help: 'only those without a result' } },
  async run({ cloche, words, has, json }) {
    const count = await cloche.assignments.grade(idOf(words[0]), has('ungraded') ? 'ungraded' : 'counting')
    if (json) printJson({ count })
    else console.log(count)
    return 0
  },
})

const grades = clientCommand({
  ...{ name: 'assignment grades', group, operands: 'ASSIGNMENT' },
  summary: 'List what each student has for an assignment',
  async run({ cloche, words, json }) {
    const all: Grade[] = []
    for await (const one of cloche.assignments.grades(idOf(words[0]))) all.push(one)
    const rows = all.map(({ student, state, points, maxPoints, latePercent, given, submission }) => [
      ...[student.name, state, points === null ? '' : String(points), String(maxPoints)],
      ...[latePercent === 0 ? '' : `${latePercent} %`, given === null ? '' : 'yes', submission ?? ''],
    ])
    if (json) printJson(all)
    else printTable(['STUDENT', 'STATE', 'POINTS', 'OF', 'PENALTY', 'GIVEN', 'SUBMISSION'], rows)
    return 0
  },
})

const exportCourse = clientCommand({
  ...{ name: 'class course export', group, operands: 'CLASS' },
  summary: 'Write all assignments of a class to stdout, as a tar',
  completes: classWords,
  async run({ cloche, words }) {
    process.stdout.write(await cloche.assignments.exportCourse(await classIdOf(cloche, words[0])))
    return 0
  },
})

const importCourse = clientCommand({
  ...{ name: 'class course import', group, operands: 'CLASS PATH' },
  summary: 'Import assignments from a tar or a directory, and print what changes',
  details: 'As `class course export` writes it. Assignments of the class that are not in it stay.',
  flags: { 'dry-run': { type: 'boolean', short: 'n', help: 'print what would change, and change nothing' } },
  completes: classWords,
  async run({ cloche, words, has, json }) {
    const [word, path] = words
    const id = await classIdOf(cloche, word)
    if (path === undefined) throw new UsageError('specify a directory or a tar')
    const archive = (await stat(path)).isDirectory() ? packed(path) : await readFile(path)
    const preview = await cloche.assignments.previewCourse(id, archive)
    if (!has('dry-run')) await cloche.assignments.importCourse(id, archive, preview)
    if (json) printJson(preview)
    else {
      for (const { title } of preview.added) console.log(`+ ${title}`)
      for (const { title, fields } of preview.changed) console.log(`~ ${title}: ${fields.join(', ')}`)
      for (const name of preview.ignored) console.error(`cloche: ${name} has no meaning, and is left out`)
    }
    return 0
  },
})

export const assignmentCommands: readonly Command[] = [
  ...[
    list,
    create,
    edit,
    remove,
    upload,
    work,
    attempts,
    kept,
    events,
    grade,
    grades,
    similarity,
    exportCourse,
    importCourse,
  ],
]
