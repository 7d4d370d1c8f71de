import type { Submission } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable } from './output.js'

const group = 'Classes'

function idOf(word: string | undefined): string {
  if (word === undefined)
    throw new UsageError('specify a submission by its id; cloche submission ls ASSIGNMENT lists them')
  return word
}

const list = clientCommand({
  ...{ name: 'submission ls', group, operands: 'ASSIGNMENT' },
  summary: 'List what was handed in for an assignment, newest first',
  flags: { counting: { type: 'boolean', help: 'only those that are graded' } },
  async run({ cloche, words, has, json }) {
    const [id] = words
    if (id === undefined) throw new UsageError('specify an assignment by its id')
    const all: Submission[] = []
    for await (const one of cloche.submissions.list(id, has('counting') ? { counting: true } : {}))
      all.push(one)
    const rows = all.map(({ id, student, number, at, late, fileCount, bytes, counts }) => [
      ...[id, student.name, String(number), at.local, late === null ? '' : `${late.days} d`],
      ...[String(fileCount), String(bytes), counts ? 'yes' : ''],
    ])
    if (json) printJson(all)
    else printTable(['ID', 'STUDENT', 'NUMBER', 'AT', 'LATE', 'FILES', 'BYTES', 'COUNTS'], rows)
    return 0
  },
})

const download = clientCommand({
  ...{ name: 'submission download', group, operands: 'SUBMISSION' },
  summary: 'Write a submission to stdout, as a tar',
  details: 'Symbolic links in it are what the student made: unpack it into an empty directory.',
  async run({ cloche, words }) {
    process.stdout.write(await cloche.submissions.pack(idOf(words[0])))
    return 0
  },
})

const diff = clientCommand({
  ...{ name: 'submission diff', group, operands: 'SUBMISSION [OTHER]' },
  summary: 'Print what has changed from the starter files, or from another submission',
  async run({ cloche, words, json }) {
    const [id, against] = words
    const found = await cloche.submissions.diff(idOf(id), against === undefined ? {} : { against })
    if (json) printJson(found)
    else {
      for (const { path, change, patch, omitted } of found.changes) {
        process.stdout.write(patch ?? `${path}: ${change}, ${omitted ?? ''}\n`)
      }
    }
    return 0
  },
})

const receipt = clientCommand({
  ...{ name: 'submission receipt', group, operands: 'SUBMISSION' },
  summary: 'Print the receipt of a submission, as JSON',
  async run({ cloche, words }) {
    printJson(await cloche.submissions.receipt(idOf(words[0])))
    return 0
  },
})

const grade = clientCommand({
  ...{ name: 'submission grade', group, operands: 'SUBMISSION' },
  summary: 'Run the tests with a submission once more',
  async run({ cloche, words, json }) {
    const asked = await cloche.submissions.grade(idOf(words[0]))
    if (json) printJson(asked)
    else console.log(asked.state)
    return 0
  },
})

export const submissionCommands: readonly Command[] = [list, download, diff, receipt, grade]
