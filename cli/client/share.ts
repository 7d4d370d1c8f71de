import type { ShareDescription } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { findSandbox, sandboxWords } from './find.js'
import { printJson, printTable } from './output.js'

const group = 'Sandboxes'

const create = clientCommand({
  ...{ name: 'sandbox share', group, operands: 'SANDBOX' },
  summary: 'Share a sandbox, and print the link',
  details:
    'Whoever has the link and signs in sees this sandbox and nothing else of the tenant. The link is printed once. For a member of the tenant there is none: the sandbox is in their list.',
  flags: {
    type: {
      type: 'boolean',
      help: 'let them type, write files and start programs; they can only look if absent',
    },
    member: { type: 'string', value: 'EMAIL', help: 'share it with this member of the tenant instead' },
    hours: { type: 'string', value: 'NUMBER', help: 'it ends after this; a week if absent, at most 90 days' },
  },
  completes: sandboxWords,
  async run({ cloche, words, has, text, number, json }) {
    const [member, hours] = [text('member'), number('hours')]
    const { shares } = await findSandbox(cloche, words[0])
    const shared = await shares.create({
      level: has('type') ? 'type' : 'look',
      ...(member === undefined ? {} : { member }),
      ...(hours === undefined ? {} : { expiresInSeconds: Math.round(hours * 3600) }),
    })
    if (json) printJson(shared)
    else console.log(shared.url ?? shared.id)
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'sandbox shares', group, operands: 'SANDBOX' },
  summary: 'List with whom a sandbox is shared',
  completes: sandboxWords,
  async run({ cloche, words, json }) {
    const all = await (await findSandbox(cloche, words[0])).shares.list()
    if (json) printJson(all)
    else printTable(['ID', 'LEVEL', 'KIND', 'EXPIRES', 'WHO'], all.map(rowOf))
    return 0
  },
})

const rowOf = ({ id, level, kind, expiresAt, guests }: ShareDescription) => [
  ...[id, level, kind, expiresAt, guests.map(({ email }) => email).join(' ')],
]

const remove = clientCommand({
  ...{ name: 'sandbox unshare', group, operands: 'SANDBOX SHARE...' },
  summary: 'Stop sharing: whoever came by it is cut off at once',
  completes: sandboxWords,
  async run({ cloche, words }) {
    const [sandbox, ...ids] = words
    const { shares } = await findSandbox(cloche, sandbox)
    if (ids.length === 0) {
      throw new UsageError('specify a share by its id; cloche sandbox shares SANDBOX lists them')
    }
    for (const id of ids) await shares.delete(id)
    return 0
  },
})

export const shareCommands: readonly Command[] = [create, list, remove]
