import type { ApiKeyDescription, KeyLimits } from '../../sdk/index.js'
import { type Command, UsageError } from '../command.js'
import { clientCommand } from './client-command.js'
import { printJson, printTable, showAge } from './output.js'
import { mebibytesOf, secondsOf } from './quantity.js'
import { networkOf } from './sandbox-options.js'

const group = 'Account'
const secondsOfDay = 86_400

const create = clientCommand({
  ...{ name: 'key create', group, operands: 'NAME' },
  summary: 'Make an API key with limits, and print it',
  details:
    'It is printed once. The key that you are logged in with makes it, if an owner or admin of the tenant made that one, and it is deleted together with it. Without any of these options it works with sandboxes, snapshots and runs, and changes nothing else of the tenant.',
  flags: {
    template: {
      type: 'string',
      short: 't',
      multiple: true,
      value: 'NAME',
      help: 'only this template; can be given more than once',
    },
    sandboxes: { type: 'string', value: 'NUMBER', help: 'how many sandboxes that it made may exist at once' },
    ttl: { type: 'string', value: 'TIME', help: 'its sandboxes are deleted this long after their creation' },
    network: {
      type: 'string',
      value: 'POLICY',
      help: 'the most that they reach: none, internet, or a.example,b.example',
    },
    cpus: { type: 'string', value: 'NUMBER', help: 'the most that one sandbox has, in cores' },
    memory: { type: 'string', value: 'SIZE', help: 'the same of memory, such as 512m or 2g' },
    disk: { type: 'string', value: 'SIZE', help: 'the same of disk' },
    'read-only': { type: 'boolean', help: 'it changes, starts and runs nothing' },
    'own-only': { type: 'boolean', help: 'only what it made exists for it' },
    expires: {
      type: 'string',
      value: 'TIME',
      help: 'it is good for so many days, such as 30d; without end if absent',
    },
  },
  fields: {
    name: 'name',
    expiresInDays: '--expires (days)',
    'limits.templates': '--template',
    'limits.sandboxes': '--sandboxes',
    'limits.ttlSeconds': '--ttl (seconds)',
    'limits.network': '--network',
    'limits.cpus': '--cpus',
    'limits.memoryMiB': '--memory (MiB)',
    'limits.diskMiB': '--disk (MiB)',
  },
  async run({ cloche, words: [name, ...more], has, text, texts, number, json }) {
    if (name === undefined || more.length > 0) throw new UsageError('specify one name')
    const expires = secondsOf('expires', text('expires'))
    const templates = texts('template')
    const limits: KeyLimits = {
      ...(templates.length === 0 ? {} : { templates: [...templates] }),
      ...{ sandboxes: number('sandboxes'), ttlSeconds: secondsOf('ttl', text('ttl')), cpus: number('cpus') },
      ...networkOf(text('network')),
      memoryMiB: mebibytesOf('memory', text('memory')),
      diskMiB: mebibytesOf('disk', text('disk')),
      ...(has('read-only') ? { readOnly: true } : {}),
      ...(has('own-only') ? { ownOnly: true } : {}),
    }
    const made = await cloche.keys.create({
      ...{ name, limits },
      ...(expires === undefined ? {} : { expiresInDays: expires / secondsOfDay }),
    })
    if (json) printJson(made)
    else console.log(made.key)
    return 0
  },
})

const list = clientCommand({
  ...{ name: 'key ls', group },
  summary: 'List the API keys that the key you are logged in with made, newest first',
  async run({ cloche, json }) {
    const all = await cloche.keys.list()
    if (json) printJson(all)
    else printTable(['ID', 'NAME', 'START', 'AGE', 'EXPIRES', 'LIMITS'], all.map(rowOf))
    return 0
  },
})

const rowOf = ({ id, name, start, createdAt, expiresAt, limits }: ApiKeyDescription) => [
  ...[id, name, start, showAge(createdAt), expiresAt ?? 'never'],
  limits === null ? '' : limitsLine(limits),
]

const remove = clientCommand({
  ...{ name: 'key rm', group, operands: 'ID...' },
  summary: 'Delete API keys that the key you are logged in with made',
  async run({ cloche, words }) {
    if (words.length === 0) throw new UsageError('specify a key by its id; cloche key ls lists them')
    for (const id of words) await cloche.keys.delete(id)
    return 0
  },
})

export const keyCommands: readonly Command[] = [create, list, remove]

/** Such as `sandboxes 2, network none, readOnly`. */
export const limitsLine = (limits: KeyLimits): string =>
  Object.entries(limits)
    .flatMap(([name, value]) => {
      if (value === undefined || value === false) return []
      if (value === true) return [name]
      const told = Array.isArray(value) ? value : typeof value === 'object' ? value.allow : [value]
      return [`${name} ${told.join(' ')}`]
    })
    .join(', ')
