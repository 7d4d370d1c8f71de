import type { RunState, RunSummary } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { notTheProgram } from './exit-code.js'
import { printJson, printTable, showAge } from './output.js'
import { exitCodeOfRun, explain, printRun } from './run-output.js'

const states: readonly RunState[] = ['queued', 'running', 'finished', 'canceled']
const listed = 50

const list = clientCommand({
  name: 'runs ls',
  group: 'Runs',
  summary: `List the last ${listed} runs, newest first`,
  flags: {
    state: { type: 'string', value: 'STATE', help: `only runs that are ${states.join(', ')}` },
    all: { type: 'boolean', help: 'list all of them' },
  },
  async run({ cloche, json, text, has }) {
    const state = states.find((one) => one === text('state'))
    if (text('state') !== undefined && state === undefined)
      throw new UsageError(`--state must be one of ${states.join(', ')}`)
    const found: RunSummary[] = []
    for await (const run of cloche.runs.list(state === undefined ? {} : { state })) {
      if (found.push(run) >= listed && !has('all')) break
    }
    const rows = found.map((run) => [
      ...[run.id, run.language ?? run.template, run.state, run.status ?? '', showAge(run.createdAt)],
      run.casesTotal === null ? '' : `${run.casesPassed} of ${run.casesTotal}`,
    ])
    if (json) printJson(found)
    else printTable(['ID', 'LANGUAGE', 'STATE', 'STATUS', 'AGE', 'CASES'], rows)
    return 0
  },
})

const cancel = clientCommand({
  name: 'runs cancel',
  group: 'Runs',
  operands: 'RUN…',
  summary: 'Cancel runs that are queued or running',
  async run({ cloche, words, json }) {
    if (words.length === 0) throw new UsageError('specify a run: cloche runs cancel RUN…')
    for (const word of words) {
      const run = await cloche.runs.at(word).cancel()
      if (json) printJson(run)
    }
    return 0
  },
})

const logs = clientCommand({
  name: 'logs',
  group: 'Runs',
  operands: 'RUN',
  summary: 'Print the output of a run, and follow it until it ends',
  details: 'The exit code is that of cloche run: of the program, or why it ended.',
  async run({ cloche, words, json }) {
    const [id] = words
    if (id === undefined) throw new UsageError('specify a run: cloche logs RUN')
    const run = cloche.runs.at(id)
    if (json) {
      let code = notTheProgram
      for await (const event of run.events()) {
        printJson(event)
        if (event.type === 'result') code = exitCodeOfRun(event.run)
      }
      return code
    }
    const result = (await printRun(run.events())) ?? (await run.describe())
    const explanation = explain(result)
    if (explanation !== undefined) console.error(`cloche: ${explanation}`)
    return exitCodeOfRun(result)
  },
})

const languages = clientCommand({
  name: 'languages',
  group: 'Runs',
  summary: 'List the languages for runs, with their versions',
  async run({ cloche, json }) {
    const all = await cloche.languages()
    if (json) printJson(all)
    else
      printTable(
        ['NAME', 'TITLE', 'VERSION', 'ALSO'],
        all.map((one) => [one.name, one.title, one.version, one.aliases.join(' ')]),
      )
    return 0
  },
})

export const runCommands: readonly Command[] = [list, cancel, logs, languages]
