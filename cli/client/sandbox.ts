import type { CreateSandbox, Sandbox, SandboxDescription } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { type ClientCall, clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, printTable, showAge, showBytes } from './output.js'
import { pairs } from './pairs.js'

const list = clientCommand({
  name: 'sandbox ls',
  summary: 'Lists sandboxes, newest first.',
  flags: { quiet: { type: 'boolean', short: 'q', help: 'print ids only' } },
  async run({ cloche, json, has }) {
    const all: SandboxDescription[] = []
    for await (const sandbox of cloche.sandboxes.list()) all.push(sandbox)
    if (json) printJson(all)
    else if (has('quiet')) for (const { id } of all) console.log(id)
    else {
      const rows = all.map(({ id, name, template, state, createdAt, usage, limits }) => [
        ...[id, name, template, state, showAge(createdAt)],
        usage === null ? '' : `${showBytes(usage.memoryBytes)} of ${showBytes(limits.memoryMiB * 1024 ** 2)}`,
      ])
      printTable(['ID', 'NAME', 'TEMPLATE', 'STATE', 'AGE', 'MEMORY'], rows)
    }
    return 0
  },
})

const create = clientCommand({
  name: 'sandbox create',
  operands: '[NAME]',
  summary: 'Makes a sandbox that runs, and prints its id.',
  flags: {
    template: { type: 'string', short: 't', value: 'NAME', help: 'what it is made from; base if absent' },
    cpus: { type: 'string', value: 'NUMBER', help: 'cores; 0.5 is half a core' },
    memory: { type: 'string', value: 'MIB', help: 'memory' },
    disk: { type: 'string', value: 'MIB', help: 'disk above the template' },
    pids: { type: 'string', value: 'NUMBER', help: 'processes and threads' },
    network: { type: 'string', value: 'POLICY', help: 'none, internet (if absent), or names: a.org,b.org' },
    env: {
      type: 'string',
      multiple: true,
      value: 'NAME=TEXT',
      help: 'an environment variable; more than one',
    },
    meta: { type: 'string', multiple: true, value: 'NAME=TEXT', help: 'metadata; more than one' },
    ttl: { type: 'string', value: 'SECONDS', help: 'delete it after this time' },
  },
  async run(call) {
    const sandbox = await call.cloche.sandboxes.create(optionsOf(call))
    if (call.json) printJson(await sandbox.describe())
    else console.log(sandbox.id)
    return 0
  },
})

function optionsOf({ words, text, texts, number }: ClientCall): CreateSandbox {
  const limits = {
    ...{ cpus: number('cpus'), memoryMiB: number('memory'), diskMiB: number('disk'), pids: number('pids') },
  }
  const network = text('network')
  return {
    ...{ name: words[0], template: text('template'), ttlSeconds: number('ttl'), limits },
    ...(network === undefined ? {} : { network: policyOf(network) }),
    ...{ env: pairs('env', texts('env')), metadata: pairs('meta', texts('meta')) },
  }
}

const policyOf = (text: string) =>
  text === 'none' || text === 'internet' ? text : { allow: text.split(',').filter((name) => name !== '') }

/** A command that does one thing to each sandbox it is given. */
function forEach(
  name: string,
  summary: string,
  act: (sandbox: Sandbox) => Promise<SandboxDescription> | Promise<void>,
): Command {
  return clientCommand({
    ...{ name: `sandbox ${name}`, operands: 'SANDBOX…', summary, completes: sandboxWords },
    async run({ cloche, words, json }) {
      if (words.length === 0) throw new UsageError(`which one? cloche sandbox ${name} SANDBOX…`)
      for (const word of words) {
        const sandbox = await findSandbox(cloche, word)
        const now: SandboxDescription | undefined = (await act(sandbox)) ?? undefined
        if (json) printJson(now ?? { id: sandbox.id, state: 'deleted' })
      }
      return 0
    },
  })
}

export const sandboxCommands: readonly Command[] = [
  list,
  create,
  forEach('rm', 'Destroys sandboxes with their disks.', (one) => one.delete()),
  forEach('pause', 'Freezes every process.', (one) => one.pause()),
  forEach('resume', 'Lets them go on.', (one) => one.resume()),
  forEach('stop', 'Ends every process and keeps the disk.', (one) => one.stop()),
  forEach('start', 'Starts stopped sandboxes again on their disks.', (one) => one.start()),
]
