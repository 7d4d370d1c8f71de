import type { Cloche, ScheduleDescription } from '../../sdk/index.js'
import { type Command, Failure, type Flag, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, printTable, showAge } from './output.js'

const group = 'Schedules'

const timeFlags: Readonly<Record<string, Flag>> = {
  cron: {
    type: 'string',
    value: 'EXPRESSION',
    help: "minute, hour, day of month, month, day of week: '30 2 * * *'; or @hourly, @daily, @weekly, @monthly",
  },
  'time-zone': { type: 'string', value: 'ZONE', help: 'such as Europe/Berlin; UTC if absent' },
}
const keepFlag: Flag = {
  type: 'string',
  value: 'NUMBER',
  help: 'how many of its snapshots stay; 7 if absent',
}

/** Names and ids of schedules, for completion. */
async function scheduleWords(cloche: Cloche): Promise<readonly string[]> {
  const words: string[] = []
  for await (const { id, name } of cloche.schedules.list()) words.push(id, name)
  return words
}

/** The id of the schedule that a person means by its id or its name. */
async function idOf(cloche: Cloche, word: string | undefined): Promise<string> {
  if (word === undefined) {
    throw new UsageError('specify a schedule by its name or id; cloche schedule ls lists them')
  }
  if (/^sc_/.test(word)) return word
  for await (const { id, name } of cloche.schedules.list()) if (name === word) return id
  throw new Failure(`there is no schedule ${word}; cloche schedule ls lists them`)
}

/** What one command makes: something that is done to a sandbox. */
const ofSandbox = (action: 'snapshot' | 'wake' | 'stop', summary: string, details: string) =>
  clientCommand({
    ...{ name: `schedule ${action}`, group, operands: 'SANDBOX', summary, details },
    flags: {
      ...timeFlags,
      ...(action === 'snapshot' ? { keep: keepFlag } : {}),
      name: { type: 'string', value: 'NAME', help: 'of the schedule' },
    },
    completes: sandboxWords,
    async run({ cloche, words, text, number, json }) {
      const sandbox = (await findSandbox(cloche, words[0])).id
      const keep = action === 'snapshot' ? number('keep') : undefined
      const made = await cloche.schedules.create({
        ...{ action, sandbox, cron: cronOf(text('cron')) },
        ...(keep === undefined ? {} : { keep }),
        ...named(text('name'), text('time-zone')),
      })
      if (json) printJson(made)
      else console.log(made.id)
      return 0
    },
  })

const rebuild = clientCommand({
  ...{ name: 'schedule rebuild', group, operands: 'TEMPLATE' },
  summary: 'Make a template anew at times of day',
  details:
    'Of an image of the registry, or of a Dockerfile with its context in a directory of a volume or a sandbox. Every step is run again unless --cache is given, so that updates are found.',
  flags: {
    ...timeFlags,
    image: { type: 'string', value: 'IMAGE', help: 'of the registry of this server, such as app:1.0' },
    volume: { type: 'string', value: 'VOLUME', help: 'that has the context' },
    sandbox: { type: 'string', value: 'SANDBOX', help: 'that has the context' },
    path: { type: 'string', value: 'PATH', help: 'directory of the context there' },
    file: { type: 'string', value: 'PATH', help: 'the Dockerfile, in the context; Dockerfile if absent' },
    cache: { type: 'boolean', help: 'runs only the steps that have changed' },
    name: { type: 'string', value: 'NAME', help: 'of the schedule' },
  },
  async run({ cloche, words: [template], text, has, json }) {
    if (template === undefined) throw new UsageError('specify the template')
    const [image, volume, sandbox, path] = [text('image'), text('volume'), text('sandbox'), text('path')]
    if ([image, volume, sandbox].filter((one) => one !== undefined).length !== 1) {
      throw new UsageError('specify one of --image, --volume and --sandbox')
    }
    const dockerfile = text('file')
    const options = { noCache: !has('cache'), ...(dockerfile === undefined ? {} : { dockerfile }) }
    const context = async () => {
      if (image !== undefined) return { image }
      if (volume !== undefined) return { volume: await volumeOf(cloche, volume), path: path ?? '/', options }
      if (path === undefined) throw new UsageError('specify the directory of the context with --path')
      return { sandbox: (await findSandbox(cloche, sandbox)).id, path, options }
    }
    const made = await cloche.schedules.create({
      ...{ action: 'rebuild', template, from: await context(), cron: cronOf(text('cron')) },
      ...named(text('name'), text('time-zone')),
    })
    if (json) printJson(made)
    else console.log(made.id)
    return 0
  },
})

async function volumeOf(cloche: Cloche, word: string): Promise<string> {
  if (/^vl_/.test(word)) return word
  for await (const { id, name } of cloche.volumes.list()) if (name === word) return id
  throw new Failure(`there is no volume ${word}; cloche volume ls lists them`)
}

const list = clientCommand({
  ...{ name: 'schedule ls', group, operands: '[SANDBOX]' },
  summary: 'List schedules with what came of them last, or those of one sandbox',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const of = words[0] === undefined ? {} : { sandbox: (await findSandbox(cloche, words[0])).id }
    const all: ScheduleDescription[] = []
    for await (const one of cloche.schedules.list(of)) all.push(one)
    const rows = all.map((one) => [
      ...[one.id, one.name, one.action, one.sandbox ?? one.template ?? '', one.cron, one.timeZone],
      ...[one.nextAt ?? 'off', one.last === null ? '' : `${one.last.outcome}, ${showAge(one.last.at)} ago`],
      one.last?.message ?? '',
    ])
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'ACTION', 'OF', 'CRON', 'ZONE', 'NEXT', 'LAST', 'MESSAGE'], rows)
    return 0
  },
})

const edit = clientCommand({
  ...{ name: 'schedule edit', group, operands: 'SCHEDULE' },
  summary: 'Change a schedule, or switch it on or off',
  flags: {
    ...timeFlags,
    keep: keepFlag,
    name: { type: 'string', value: 'NAME', help: 'another name' },
    off: { type: 'boolean', help: 'does nothing until it is on again' },
    on: { type: 'boolean', help: 'is due at its next time' },
  },
  completes: scheduleWords,
  async run({ cloche, words, text, number, has, json }) {
    const id = await idOf(cloche, words[0])
    const [cron, keep] = [text('cron'), number('keep')]
    if (has('on') && has('off')) throw new UsageError('specify one of --on and --off')
    const changed = await cloche.schedules.update(id, {
      ...(cron === undefined ? {} : { cron }),
      ...(keep === undefined ? {} : { keep }),
      ...named(text('name'), text('time-zone')),
      ...(has('on') || has('off') ? { enabled: has('on') } : {}),
    })
    if (json) printJson(changed)
    return 0
  },
})

const runNow = clientCommand({
  ...{ name: 'schedule run', group, operands: 'SCHEDULE' },
  summary: 'Have a schedule run now; its next time stays',
  completes: scheduleWords,
  async run({ cloche, words }) {
    await cloche.schedules.run(await idOf(cloche, words[0]))
    return 0
  },
})

const remove = clientCommand({
  ...{ name: 'schedule rm', group, operands: 'SCHEDULE...' },
  summary: 'Delete schedules; snapshots that they took stay',
  completes: scheduleWords,
  async run({ cloche, words }) {
    if (words.length === 0) await idOf(cloche, undefined)
    for (const word of words) await cloche.schedules.delete(await idOf(cloche, word))
    return 0
  },
})

function cronOf(text: string | undefined): string {
  if (text === undefined) throw new UsageError("specify when with --cron, such as --cron '30 2 * * *'")
  return text
}

const named = (name: string | undefined, timeZone: string | undefined) => ({
  ...(name === undefined ? {} : { name }),
  ...(timeZone === undefined ? {} : { timeZone }),
})

export const scheduleCommands: readonly Command[] = [
  ofSandbox(
    'snapshot',
    'Take snapshots of a sandbox at times of day',
    'The newest of them stay, and those that were renamed. Running or stopped, it is kept as it is.',
  ),
  ofSandbox('wake', 'Start or resume a sandbox at times of day', 'One that runs is left as it is.'),
  ofSandbox('stop', 'Stop a sandbox at times of day', 'Its disk is kept.'),
  ...[rebuild, list, edit, runNow, remove],
]
