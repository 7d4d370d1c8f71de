import type { Cloche, StudentDataDeletion } from '../../sdk/index.js'
import { type Command, Failure, UsageError } from '../command.js'
import { saveArchive } from './archive.js'
import { classIdOf, classWords } from './class.js'
import { clientCommand } from './client-command.js'
import { printFields, printJson, showBytes } from './output.js'

const group = 'Classes'

/** @throws UsageError without a word, Failure when none or more than one is called so */
async function studentIdOf(cloche: Cloche, classId: string, word: string | undefined): Promise<string> {
  if (word === undefined)
    throw new UsageError('specify a student by name or id; cloche class students CLASS lists them')
  if (/^(cs|us)_/.test(word)) return word
  const found: string[] = []
  for await (const { id, name } of cloche.classes.students.list(classId, { search: word })) {
    if (name === word) found.push(id)
  }
  if (found.length > 1)
    throw new Failure(`${found.length} students are called ${word}; specify one by the id`)
  if (found[0] === undefined)
    throw new Failure(`there is no student ${word} in this class; cloche class students CLASS lists them`)
  return found[0]
}

const details =
  'STUDENT is a name or an id of the class, or the id of the account of somebody who has left it.'

const exportData = clientCommand({
  ...{ name: 'class student export', group, operands: 'CLASS STUDENT [FILE]' },
  summary: 'Write all that a class has of a student to a file, or to stdout, as a tar',
  details: `${details} Students can export what is their own. Symbolic links in it are what the student made: unpack it into an empty directory.`,
  completes: classWords,
  async run({ cloche, words: [word, student, file] }) {
    const id = await classIdOf(cloche, word)
    const studentId = await studentIdOf(cloche, id, student)
    await saveArchive(() => cloche.classes.students.exportData(id, studentId), file)
    return 0
  },
})

const deleteData = clientCommand({
  ...{ name: 'class student delete-data', group, operands: 'CLASS STUDENT' },
  summary: 'Delete what a class has of a student, for good; without --confirm only print what that is',
  details: `${details} They stay in the class, and the audit log stays.`,
  flags: { confirm: { type: 'string', value: 'NAME', help: 'the name or id of the student once more' } },
  completes: classWords,
  async run({ cloche, words: [word, student], text, json }) {
    const id = await classIdOf(cloche, word)
    const studentId = await studentIdOf(cloche, id, student)
    const { students } = cloche.classes
    const confirm = text('confirm')
    const found =
      confirm === undefined
        ? await students.previewDataDeletion(id, studentId)
        : await students.deleteData(id, studentId, { confirm })
    if (json) printJson(found)
    else printFields(fieldsOf(found))
    return 0
  },
})

const fieldsOf = (found: Omit<StudentDataDeletion, 'student'>): [string, string][] => [
  ['Assignments begun', String(found.work)],
  ['Submissions', `${found.submissions} (${showBytes(found.submissionBytes)})`],
  ['Results of tests', String(found.gradings)],
  ['Points and comments', String(found.grades)],
  ['Exams', String(found.exams)],
  ['Events of exams', String(found.examEvents)],
  ['Days with minutes', String(found.activeDays)],
  ['Lessons and messages', String(found.lessons)],
  ['Extensions', String(found.extensions)],
  ['Sandboxes', found.sandboxes.map(({ name }) => name).join(', ') || '0'],
  ['Snapshots', found.snapshots.map(({ name }) => name).join(', ') || '0'],
]

export const studentDataCommands: readonly Command[] = [exportData, deleteData]
