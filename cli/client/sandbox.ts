import type { Sandbox, SandboxDescription } from '../../sdk/index.js'
import { type Command, type Flag, UsageError } from '../command.js'
import { readAccount } from './account.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { cloneInto, repositoryOf } from './clone.js'
import { findSandbox, sandboxWords } from './find.js'
import { openInBrowser } from './open-browser.js'
import { printFields, printJson, printTable, showAge, showBytes, showMebibytes } from './output.js'
import { secondsOf } from './quantity.js'
import { createFlags, createOptions, editFlags, editOptions, sandboxFields } from './sandbox-options.js'
import { volumesOf } from './volume.js'

const list = clientCommand({
  name: 'sandbox ls',
  group: 'Sandboxes',
  summary: 'List sandboxes, newest first',
  flags: { quiet: { type: 'boolean', short: 'q', help: 'print ids only' } },
  async run({ cloche, json, has }) {
    const all: SandboxDescription[] = []
    for await (const sandbox of cloche.sandboxes.list()) all.push(sandbox)
    if (json) printJson(all)
    else if (has('quiet')) for (const { id } of all) console.log(id)
    else {
      const rows = all.map((one) => [
        ...[one.id, one.name, one.template, one.state, showAge(one.createdAt), memoryOf(one)],
      ])
      printTable(['ID', 'NAME', 'TEMPLATE', 'STATE', 'AGE', 'MEMORY'], rows)
    }
    return 0
  },
})

const memoryOf = ({ usage, limits }: SandboxDescription) =>
  usage === null ? '' : `${showBytes(usage.memoryBytes)} of ${showMebibytes(limits.memoryMiB)}`

const create = clientCommand({
  name: 'sandbox create',
  group: 'Sandboxes',
  operands: '[NAME]',
  summary: 'Create and start a sandbox, and print its id',
  flags: createFlags,
  fields: sandboxFields,
  async run(call) {
    const repository = repositoryOf(call.text('repository'))
    const volumes = await volumesOf(call.cloche, call.texts('volume'))
    const sandbox = await call.cloche.sandboxes.create({
      ...createOptions(call),
      ...(volumes.length === 0 ? {} : { volumes }),
    })
    if (call.json) printJson(await sandbox.describe())
    else console.log(sandbox.id)
    if (repository !== undefined) await cloneInto(sandbox, repository, process.env)
    return 0
  },
})

const get = clientCommand({
  name: 'sandbox get',
  group: 'Sandboxes',
  operands: 'SANDBOX',
  summary: 'Show a sandbox: state, limits, use and network policy',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const one = await (await findSandbox(cloche, words[0])).describe()
    if (json) printJson(one)
    else printFields(fieldsOf(one))
    return 0
  },
})

function fieldsOf(one: SandboxDescription): readonly (readonly [string, string])[] {
  const { limits, network, usage } = one
  const used = (now: string | undefined, limit: string) => (now === undefined ? limit : `${now} of ${limit}`)
  const metadata = Object.entries(one.metadata).map(([name, text]) => `${name}=${text}`)
  return [
    ...([
      ['Id', one.id],
      ['Name', one.name],
      ['Template', one.template],
    ] as const),
    ['State', one.failure === null ? one.state : `${one.state}: ${one.failure}`],
    ...(one.asleep === null ? [] : [['Asleep', 'it was idle; wakes when it is used'] as const]),
    ['Isolation', one.isolation],
    ['CPUs', String(limits.cpus)],
    [
      'Memory',
      used(usage === null ? undefined : showBytes(usage.memoryBytes), showMebibytes(limits.memoryMiB)),
    ],
    ['Disk', used(usage === null ? undefined : showBytes(usage.diskBytes), showMebibytes(limits.diskMiB))],
    ['Processes', used(usage === null ? undefined : String(usage.pids), String(limits.pids))],
    ['Network', typeof network === 'string' ? network : `only ${network.allow.join(', ')}`],
    ['Created', `${one.createdAt} (${showAge(one.createdAt)} ago)`],
    ['Expires', one.expiresAt ?? 'never'],
    ['Idle', showIdle(one.idle)],
    ...(one.restart === 'no' ? [] : [['Restart', 'started again unless it was stopped'] as const]),
    ...(metadata.length === 0 ? [] : [['Metadata', metadata.join(' ')] as const]),
  ]
}

function showIdle(idle: SandboxDescription['idle']): string {
  const { pauseAfterSeconds: pause, stopAfterSeconds: stop } = idle ?? {}
  const steps = [
    pause === undefined ? '' : `paused after ${pause} s`,
    stop === undefined ? '' : `stopped after ${stop} s`,
  ]
  return steps.filter((step) => step !== '').join(', ') || 'stays awake'
}

const edit = clientCommand({
  name: 'sandbox edit',
  group: 'Sandboxes',
  operands: 'SANDBOX',
  summary: 'Change the name, limits, network policy or lifetime of a sandbox',
  details: 'Applies immediately; a running sandbox keeps running. Volumes are changed while it is stopped.',
  flags: editFlags,
  fields: sandboxFields,
  completes: sandboxWords,
  async run(call) {
    const texts = call.texts('volume')
    const volumes = await volumesOf(call.cloche, texts.join() === 'none' ? [] : texts)
    const change = editOptions(call, texts.length === 0 ? {} : { volumes })
    const after = await (await findSandbox(call.cloche, call.words[0])).update(change)
    if (call.json) printJson(after)
    else printFields(fieldsOf({ ...after }))
    return 0
  },
})

const open = clientCommand({
  name: 'sandbox open',
  group: 'Sandboxes',
  operands: 'SANDBOX',
  summary: 'Print the address of a sandbox and open it in the browser',
  flags: { 'no-browser': { type: 'boolean', help: 'only print the address' } },
  completes: sandboxWords,
  async run({ cloche, words, json, has }) {
    const { id } = await findSandbox(cloche, words[0])
    const url = `${readAccount(process.env).url}/sandboxes/${id}`
    if (json) printJson({ id, url })
    else console.log(url)
    if (!json && !has('no-browser')) await openInBrowser(url)
    return 0
  },
})

/** A command that does one thing to each sandbox it is given. */
function forEach(
  name: string,
  summary: string,
  act: (sandbox: Sandbox, call: ClientCall) => Promise<SandboxDescription> | Promise<void>,
  flags: Readonly<Record<string, Flag>> = {},
): Command {
  return clientCommand({
    ...{ name: `sandbox ${name}`, group: 'Sandboxes', operands: 'SANDBOX…', summary },
    ...{ flags, completes: sandboxWords, fields: { graceSeconds: '--grace' } },
    async run(call) {
      const { cloche, words, json } = call
      if (words.length === 0) throw new UsageError(`specify a sandbox: cloche sandbox ${name} SANDBOX…`)
      for (const word of words) {
        const sandbox = await findSandbox(cloche, word)
        const now: SandboxDescription | undefined = (await act(sandbox, call)) ?? undefined
        if (json) printJson(now ?? { id: sandbox.id, state: 'deleted' })
      }
      return 0
    },
  })
}

/** @throws UsageError */
function graceOf(text: string | undefined): { graceSeconds?: number } {
  const graceSeconds = text === '0' || text === '0s' ? 0 : secondsOf('grace', text)
  return graceSeconds === undefined ? {} : { graceSeconds }
}

export const sandboxCommands: readonly Command[] = [
  list,
  create,
  get,
  edit,
  open,
  forEach('rm', 'Permanently delete sandboxes and their disks', (one) => one.delete()),
  forEach('pause', 'Pause sandboxes: freeze every process', (one) => one.pause()),
  forEach('resume', 'Resume paused sandboxes', (one) => one.resume()),
  forEach(
    'stop',
    'Stop sandboxes: end every process and keep the disk',
    (one, { text }) => one.stop(graceOf(text('grace'))),
    {
      grace: {
        ...{ type: 'string', value: 'TIME' },
        help: 'time to end, such as 10s, before processes are killed; 5s if absent, 60s at most, 0 kills at once',
      },
    },
  ),
  forEach('start', 'Start stopped sandboxes again', (one) => one.start()),
]
