import { readFile } from 'node:fs/promises'
import type {
  ClassPart,
  ClassStudent,
  ClassSummary,
  Cloche,
  GradebookPreview,
  RosterPreview,
  SignInCard,
} from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable } from './output.js'
import { pairs } from './pairs.js'

const group = 'Classes'

/** Names and ids of classes, for completion. */
export async function classWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.classes.list()) words.push(id, name)
  return words
}

/** The id of the class that a person means by its id or its name. */
export async function classIdOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a class by its name or id; cloche class ls lists them')
  if (/^cl_/.test(word)) return word
  const found: string[] = []
  for await (const { id, name } of cloche.classes.list()) if (name === word) found.push(id)
  if (found.length > 1) throw new Failure(`${found.length} classes are called ${word}; specify one by its id`)
  if (found[0] === undefined) throw new Failure(`there is no class ${word}; cloche class ls lists them`)
  return found[0]
}

const list = clientCommand({
  ...{ name: 'class ls', group, operands: '' },
  summary: 'List your classes',
  async run({ cloche, json }) {
    const all: ClassSummary[] = []
    for await (const one of cloche.classes.list()) all.push(one)
    const rows = all.map((one) => [
      ...[
        one.id,
        one.name,
        one.role,
        String(one.students ?? ''),
        one.timeZone,
        one.archived ? 'archived' : '',
      ],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'YOU ARE', 'STUDENTS', 'ZONE', 'STATE'], rows)
    return 0
  },
})

const create = clientCommand({
  ...{ name: 'class create', group, operands: 'NAME' },
  summary: 'Create a class, and print its id',
  details:
    'From the first class of a tenant on, members see the work of the students of their own classes only. Owners and admins see all.',
  flags: { 'time-zone': { type: 'string', value: 'ZONE', help: 'such as Europe/Berlin; UTC if absent' } },
  async run({ cloche, words, text, json }) {
    const [name] = words
    if (name === undefined) throw new UsageError('specify a name')
    const timeZone = text('time-zone')
    const made = await cloche.classes.create({ name, ...(timeZone === undefined ? {} : { timeZone }) })
    if (json) printJson(made)
    else console.log(made.id)
    return 0
  },
})

const edit = clientCommand({
  ...{ name: 'class edit', group, operands: 'CLASS' },
  summary: 'Rename a class, change its time zone, or archive it',
  flags: {
    name: { type: 'string', value: 'NAME', help: 'another name' },
    'time-zone': { type: 'string', value: 'ZONE', help: 'such as Europe/Berlin' },
    archive: { type: 'boolean', help: 'nobody joins it any more; its work stays' },
    restore: { type: 'boolean', help: 'out of the archive' },
    'student-times': {
      ...{ type: 'string', value: 'on|off' },
      help: 'whether you are shown minutes of each student, if the operator allows it; students are told',
    },
    'student-quota': {
      ...{ type: 'string', multiple: true, value: 'PART=AMOUNT' },
      help: 'what one of its students may have at once, such as awake=4 or memoryMiB=2048; without AMOUNT as the tenant has it',
    },
  },
  completes: classWords,
  async run({ cloche, words, text, texts, has, json }) {
    if (has('archive') && has('restore')) throw new UsageError('specify one of --archive and --restore')
    const [name, timeZone, times] = [text('name'), text('time-zone'), text('student-times')]
    if (times !== undefined && times !== 'on' && times !== 'off') {
      throw new UsageError(`--student-times is on or off, not ${times}`)
    }
    const changed = await cloche.classes.update(await classIdOf(cloche, words[0]), {
      ...(name === undefined ? {} : { name }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(has('archive') || has('restore') ? { archived: has('archive') } : {}),
      ...(times === undefined ? {} : { studentTimes: times === 'on' }),
      ...studentQuotaOf(texts('student-quota')),
    })
    if (json) printJson(changed)
    return 0
  },
})

/** @throws UsageError for an amount that is no number; the server knows the parts */
function studentQuotaOf(words: readonly string[]): { studentQuota?: Record<string, number | null> } {
  if (words.length === 0) return {}
  const parts = Object.entries(pairs('student-quota', words)).map(([part, amount]) => {
    if (Number.isNaN(Number(amount)))
      throw new UsageError(`--student-quota ${part} must be a number, not ${amount}`)
    return [part, amount === '' ? null : Number(amount)]
  })
  return { studentQuota: Object.fromEntries(parts) }
}

const remove = clientCommand({
  ...{ name: 'class rm', group, operands: 'CLASS...' },
  summary: 'Delete classes with their rosters; students and their work stay in the tenant',
  completes: classWords,
  flags: { submissions: { type: 'boolean', help: 'also what students have handed in' } },
  async run({ cloche, words, has }) {
    if (words.length === 0) await classIdOf(cloche, undefined)
    const options = has('submissions') ? ({ submissions: 'delete' } as const) : {}
    for (const word of words) await cloche.classes.delete(await classIdOf(cloche, word), options)
    return 0
  },
})

const students = clientCommand({
  ...{ name: 'class students', group, operands: 'CLASS' },
  summary: 'List the students of a class',
  completes: classWords,
  async run({ cloche, words, json }) {
    const id = await classIdOf(cloche, words[0])
    const { sections, groups } = await cloche.classes.describe(id)
    const all: ClassStudent[] = []
    for await (const one of cloche.classes.students.list(id)) all.push(one)
    const nameOf = (parts: readonly ClassPart[], part: string | null) =>
      parts.find((one) => one.id === part)?.name ?? ''
    const rows = all.map((one) => [
      ...[one.id, one.name, one.number ?? '', one.email ?? one.signInName ?? '', one.state],
      ...[nameOf(sections, one.section), nameOf(groups, one.group)],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'NUMBER', 'SIGNS IN AS', 'STATE', 'SECTION', 'GROUP'], rows)
    return 0
  },
})

const invite = clientCommand({
  ...{ name: 'class invite', group, operands: 'CLASS' },
  summary: 'Create a link by which students join a class, and print it with its code',
  flags: {
    uses: { type: 'string', value: 'NUMBER', help: 'how many may join by it; 100 if absent' },
    hours: { type: 'string', value: 'NUMBER', help: 'it ends after this; a week if absent' },
  },
  completes: classWords,
  async run({ cloche, words, number, json }) {
    const [maxUses, hours] = [number('uses'), number('hours')]
    const invited = await cloche.classes.invite(await classIdOf(cloche, words[0]), {
      ...(maxUses === undefined ? {} : { maxUses }),
      ...(hours === undefined ? {} : { expiresInSeconds: Math.round(hours * 3600) }),
    })
    if (json) printJson(invited)
    else console.log(`${invited.url}\n${invited.code}`)
    return 0
  },
})

const importRoster = clientCommand({
  ...{ name: 'class roster import', group, operands: 'CLASS FILE' },
  summary: 'Import the students of a class from a CSV file, and print what changes',
  details:
    'The first line has headings, in English or Chinese: Name, and Number, Email, Sign-in name, Section, Group. Lines with problems are left out.',
  flags: {
    'dry-run': { type: 'boolean', short: 'n', help: 'print what would change, and change nothing' },
    remove: { type: 'boolean', help: 'take students out of the class who are not in the file' },
  },
  completes: classWords,
  async run({ cloche, words, has, json }) {
    const [word, path] = words
    const id = await classIdOf(cloche, word)
    if (path === undefined) throw new UsageError('specify a file')
    const file = await readFile(path)
    const [remove, dry] = [has('remove'), has('dry-run')]
    const preview = await cloche.classes.previewRoster(id, file, { remove })
    if (!dry) await cloche.classes.importRoster(id, file, preview, { remove })
    if (json) printJson(preview)
    else printPreview(preview)
    return preview.problems.length > 0 ? 1 : 0
  },
})

function printPreview({ added, changed, removed, unchanged, problems }: RosterPreview): void {
  for (const { name, section } of added) console.log(`+ ${name}${section === null ? '' : ` (${section})`}`)
  for (const { name, changes } of changed) {
    const words = changes.map(({ field, from, to }) => `${field} ${from ?? 'none'} -> ${to ?? 'none'}`)
    console.log(`~ ${name}: ${words.join(', ')}`)
  }
  for (const { name } of removed) console.log(`- ${name}`)
  for (const { line, problem } of problems) console.error(`cloche: line ${line} is left out: ${problem}`)
  const counts = `${added.length} added, ${changed.length} changed, ${removed.length} removed`
  console.log(`${counts}, ${unchanged} unchanged`)
}

const exportRoster = clientCommand({
  ...{ name: 'class roster export', group, operands: 'CLASS' },
  summary: 'Print the students of a class as CSV',
  completes: classWords,
  async run({ cloche, words }) {
    process.stdout.write(await cloche.classes.exportRoster(await classIdOf(cloche, words[0])))
    return 0
  },
})

const cards = clientCommand({
  ...{ name: 'class cards', group, operands: 'CLASS [STUDENT...]' },
  summary: 'Make sign-in cards for students without e-mail addresses, and print their codes',
  details:
    'Without students, for all who have no card yet. A student who has one gets another: the code before ends. Codes are told this once; the page prints them as cards.',
  completes: classWords,
  async run({ cloche, words, json }) {
    const [word, ...chosen] = words
    const id = await classIdOf(cloche, word)
    const students = [...chosen]
    if (chosen.length === 0) {
      for await (const one of cloche.classes.students.list(id))
        if (one.state === 'no_card') students.push(one.id)
    }
    const made: SignInCard[] = []
    for (let at = 0; at < students.length; at += 50) {
      made.push(...(await cloche.classes.makeCards(id, students.slice(at, at + 50))))
    }
    if (json) printJson(made)
    else {
      const rows = made.map(({ name, signInName, code, url }) => [name, signInName, code, url])
      printTable(['NAME', 'SIGNS IN AS', 'CODE', 'LINK'], rows)
    }
    return 0
  },
})

const gradebook = clientCommand({
  ...{ name: 'class gradebook', group, operands: 'CLASS' },
  summary: 'Print what each student has for each assignment, as CSV',
  completes: classWords,
  async run({ cloche, words, json }) {
    const id = await classIdOf(cloche, words[0])
    if (json) printJson(await cloche.classes.gradebook(id))
    else process.stdout.write(await cloche.classes.exportGradebook(id))
    return 0
  },
})

const importGradebook = clientCommand({
  ...{ name: 'class gradebook import', group, operands: 'CLASS FILE' },
  summary: 'Give students the points that a CSV file says, and print what changes',
  details:
    'The file is as `cloche class gradebook` prints it: students by number or name, assignments by title. Empty cells change nothing; what cannot be understood is left out.',
  flags: { 'dry-run': { type: 'boolean', short: 'n', help: 'print what would change, and change nothing' } },
  completes: classWords,
  async run({ cloche, words, has, json }) {
    const [word, path] = words
    const id = await classIdOf(cloche, word)
    if (path === undefined) throw new UsageError('specify a file')
    const file = await readFile(path)
    const preview = await cloche.classes.previewGradebook(id, file)
    if (!has('dry-run')) await cloche.classes.importGradebook(id, file, preview)
    if (json) printJson(preview)
    else printPoints(preview)
    return preview.problems.length > 0 ? 1 : 0
  },
})

function printPoints({ changed, unchanged, ignored, problems }: GradebookPreview): void {
  for (const { student, title, from, to } of changed)
    console.log(`~ ${student.name}: ${title} ${from ?? 'none'} -> ${to}`)
  for (const heading of ignored) console.error(`cloche: the column ${heading} is no assignment of the class`)
  for (const { line, problem } of problems) console.error(`cloche: line ${line} is left out: ${problem}`)
  console.log(`${changed.length} changed, ${unchanged} unchanged`)
}

export const classCommands: readonly Command[] = [
  ...[list, create, edit, remove, students, invite, importRoster, exportRoster, cards, gradebook],
  importGradebook,
]
