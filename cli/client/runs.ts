import type { RunState, RunSummary } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showAge } from './output.js'
import { explain, printRun } from './run-output.js'

const states: readonly RunState[] = ['queued', 'running', 'finished', 'canceled']
const listed = 50

const list = clientCommand({
  name: 'runs ls',
  summary: `Lists runs, newest first: the last ${listed}.`,
  flags: {
    state: { type: 'string', value: 'STATE', help: states.join(', ') },
    all: { type: 'boolean', help: 'not only the last' },
  },
  async run({ cloche, json, text, has }) {
    const state = states.find((one) => one === text('state'))
    if (text('state') !== undefined && state === undefined)
      throw new UsageError(`--state is ${states.join(', ')}`)
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
  operands: 'RUN…',
  summary: 'Stops runs, in whatever state they are.',
  async run({ cloche, words, json }) {
    if (words.length === 0) throw new UsageError('which one? cloche runs cancel RUN…')
    for (const word of words) {
      const run = await cloche.runs.at(word).cancel()
      if (json) printJson(run)
    }
    return 0
  },
})

const logs = clientCommand({
  name: 'logs',
  operands: 'RUN',
  summary: 'Prints what a run wrote, and what it still writes until it ends.',
  async run({ cloche, words, json }) {
    const [id] = words
    if (id === undefined) throw new UsageError('of which run? cloche logs RUN')
    const run = cloche.runs.at(id)
    if (json) {
      for await (const event of run.events()) printJson(event)
      return 0
    }
    const result = await printRun(run.events())
    const explanation = result && explain(result)
    if (explanation !== undefined) console.error(`cloche: ${explanation}`)
    return 0
  },
})

const languages = clientCommand({
  name: 'languages',
  summary: 'Lists what runs can be written in, with exact versions.',
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
