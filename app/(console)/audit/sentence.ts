import { count, cpus, dateTime, mebibytes, oneLine } from '../../lib/format'
import type { AuditEvent } from '../../lib/protocol'

/** A piece of a sentence: words, or the name of something, with its page while it exists. */
export type Part = string | { readonly name: string; readonly href: string | null }

/** What still exists besides sandboxes and members, which events know themselves. */
export interface Existing {
  readonly keys: ReadonlySet<string>
  readonly invitations: ReadonlySet<string>
}

type Write = (event: AuditEvent, existing: Existing) => readonly Part[]

const told = (event: AuditEvent, name: string): string => {
  const value = event.detail[name]
  return typeof value === 'string' || typeof value === 'number' ? oneLine(String(value), 200) : ''
}

const sandbox = (event: AuditEvent): Part => {
  const name = event.targetName ?? told(event, 'name')
  return {
    name: oneLine(name || (event.target ?? 'unknown'), 64),
    href: event.targetExists ? `/sandboxes/${event.target}` : null,
  }
}

const person = (event: AuditEvent): Part => ({
  name: oneLine(event.targetName ?? (told(event, 'email') || (event.target ?? 'unknown')), 254),
  href: event.targetExists ? '/members' : null,
})

const key = (event: AuditEvent, { keys }: Existing): Part => ({
  name: told(event, 'name') || (event.target ?? 'unknown'),
  href: keys.has(event.target ?? '') ? '/keys' : null,
})

const ofSandbox =
  (verb: string): Write =>
  (event) => [`${verb} the sandbox `, sandbox(event)]

const inSandbox =
  (verb: string): Write =>
  (event) => [`${verb} in the sandbox `, sandbox(event)]

const command = (event: AuditEvent): Part => ({ name: told(event, 'command'), href: null })

const path = (event: AuditEvent): Part => ({ name: told(event, 'path'), href: null })

const invited: Write = (event, { invitations }) => [
  'invited ',
  {
    name: told(event, 'email'),
    href: invitations.has(event.target ?? '') ? '/members' : null,
  },
  ` as ${told(event, 'role')}`,
]

const changed: Write = (event) => {
  const { changed: what } = event.detail
  const names = Array.isArray(what) ? what.filter((one) => typeof one === 'string') : []
  return [`changed ${names.join(', ') || 'settings'} of the sandbox `, sandbox(event)]
}

const keysOf = (event: AuditEvent, name: string) => {
  const ids = event.detail[name]
  return Array.isArray(ids) ? ids.length : 0
}

const removed: Write = (event) => {
  const [revoked, taken] = [keysOf(event, 'keysRevoked'), keysOf(event, 'keysTransferred')]
  const [self, end] = [
    event.actor === told(event, 'email'),
    revoked > 0
      ? ` and revoked ${count(revoked, 'API key')}`
      : taken > 0
        ? ` and took over ${count(taken, 'API key')}`
        : '',
  ]
  return self ? [`left the tenant${end}`] : ['removed the member ', person(event), end]
}

const quota: Write = ({ detail }) => {
  const of = (name: string, show: (value: number) => string) => {
    const value = detail[name]
    return typeof value === 'number' ? [show(value)] : []
  }
  const parts = [
    ...of('sandboxes', (value) => count(value, 'sandbox', 'sandboxes')),
    ...of('cpus', cpus),
    ...of('memoryMiB', (value) => `${mebibytes(value)} memory`),
    ...of('diskMiB', (value) => `${mebibytes(value)} disk`),
    ...of('pids', (value) => count(value, 'process', 'processes')),
  ]
  return [`set the quota of this tenant to ${parts.join(', ')}`]
}

const deletedRuns: Write = (event) => {
  const [number, before] = [event.detail.deleted, told(event, 'before')]
  return [
    `deleted ${typeof number === 'number' ? count(number, 'run') : 'runs'}`,
    Number.isNaN(Date.parse(before)) ? '' : ` finished before ${dateTime(before)}`,
  ]
}

/** By action, what is said after the name of who did it. */
export const sentences: Readonly<Record<string, Write>> = {
  'sandbox.create': (event) => [
    ...['created the sandbox ', sandbox(event)],
    told(event, 'template') && ` from the template ${told(event, 'template')}`,
  ],
  'sandbox.create_failed': (event) => [
    ...['failed to create the sandbox ', sandbox(event)],
    told(event, 'code') && ` (${told(event, 'code').replaceAll('_', ' ')})`,
  ],
  'sandbox.update': changed,
  'sandbox.pause': ofSandbox('paused'),
  'sandbox.resume': ofSandbox('resumed'),
  'sandbox.stop': ofSandbox('stopped'),
  'sandbox.start': ofSandbox('started'),
  'sandbox.delete': ofSandbox('deleted'),
  'sandbox.sleep': ({ detail, ...event }) => [
    detail.how === 'stopped' ? 'stopped the sandbox ' : 'paused the sandbox ',
    sandbox({ detail, ...event }),
    ' because it was idle',
  ],
  'sandbox.wake': (event) => ['woke the sandbox ', sandbox(event), ' because it was used'],
  'sandbox.expire': (event) => ['deleted the sandbox ', sandbox(event), ' when its time to live ended'],
  'terminal.open': inSandbox('opened a terminal'),
  'terminal.close': inSandbox('closed a terminal'),
  'port.share': (event) => [
    ...[`made port ${told(event, 'port')} of the sandbox `, sandbox(event), ` ${told(event, 'visibility')}`],
    told(event, 'expiresAt') && ` until ${dateTime(told(event, 'expiresAt'))}`,
  ],
  'exec.start': (event) => ['ran ', command(event), ' in the sandbox ', sandbox(event)],
  'process.start': (event) => {
    const what = told(event, 'command') ? command(event) : 'a process'
    return ['started ', what, ' in the sandbox ', sandbox(event)]
  },
  'process.kill': inSandbox('killed a process'),
  'file.write': (event) => ['wrote the file ', path(event), ' in the sandbox ', sandbox(event)],
  'file.delete': (event) => ['deleted the file ', path(event), ' in the sandbox ', sandbox(event)],
  'file.move': (event) => [
    ...['moved the file ', { name: told(event, 'from'), href: null }, ' to '],
    ...[{ name: told(event, 'to'), href: null }, ' in the sandbox ', sandbox(event)],
  ],
  'file.copy': (event) => [
    ...['copied ', { name: told(event, 'from'), href: null }, ' to '],
    ...[{ name: told(event, 'to'), href: null }, ' in the sandbox ', sandbox(event)],
  ],
  'file.chmod': (event) => [
    ...['set the permissions of ', path(event), ` to ${told(event, 'mode')} in the sandbox `, sandbox(event)],
  ],
  'file.sign': (event) => [
    ...[`made a URL that ${told(event, 'method') === 'PUT' ? 'replaces' : 'reads'} `, path(event)],
    ...[' in the sandbox ', sandbox(event)],
  ],
  'file.append': (event) => ['appended to the file ', path(event), ' in the sandbox ', sandbox(event)],
  'file.make_directory': (event) => ['made the directory ', path(event), ' in the sandbox ', sandbox(event)],
  'archive.write': (event) => ['unpacked an archive into ', path(event), ' in the sandbox ', sandbox(event)],
  'run.cancel': () => ['canceled a run'],
  'run.delete': deletedRuns,
  'member.invite': invited,
  'member.uninvite': (event) => [
    'withdrew the invitation of ',
    { name: told(event, 'email') || (event.target ?? 'unknown'), href: null },
  ],
  'member.join': () => ['joined the tenant'],
  'member.change': (event) => ['made ', person(event), ` ${told(event, 'role')}`],
  'member.remove': removed,
  'tenant.create': () => ['created this tenant'],
  'tenant.rename': (event) => ['renamed the tenant to ', { name: told(event, 'name'), href: '/settings' }],
  'tenant.audit_commands': ({ detail }) => [
    detail.auditCommands === true
      ? 'turned on entries of commands in the audit log'
      : 'turned off entries of commands in the audit log',
  ],
  'tenant.idle': () => ['changed when idle sandboxes are put to sleep'],
  'tenant.quota': quota,
  'tenant.pause': () => ['paused this tenant'],
  'tenant.resume': () => ['resumed this tenant'],
  'key.create': (event, existing) => ['created the API key ', key(event, existing)],
  'key.delete': (event, existing) => ['revoked the API key ', key(event, existing)],
  'account.password': () => ['changed their password'],
  'account.reset_link': (event) => ['created a password reset link for ', person(event)],
  'account.reset': () => ['set a new password by a reset link'],
  'account.delete': () => ['deleted their account'],
}

/** What happened, in words: all of the sentence but its subject. An action of a newer server is named as it is. */
export function sentenceOf(event: AuditEvent, existing: Existing): readonly Part[] {
  const write = sentences[event.action]
  const parts: readonly Part[] = write ? write(event, existing) : [`did ${event.action}`]
  return parts.filter((part) => part !== '' && (typeof part === 'string' || part.name !== ''))
}

const kinds = {
  sandbox: 'Sandboxes',
  terminal: 'Terminals',
  exec: 'Commands',
  process: 'Processes',
  file: 'Files',
  port: 'Ports',
  archive: 'Archives',
  run: 'Runs',
  member: 'Members',
  key: 'API keys',
  tenant: 'Tenant',
  account: 'Accounts',
} as const

/** What the filter offers: kinds, and the actions of each as `[action, words]`. */
export const actionChoices = Object.entries(kinds).map(([kind, title]) => ({
  kind,
  title,
  actions: Object.keys(sentences).filter((action) => action.startsWith(`${kind}.`)),
}))

/** `sandbox.create` as a choice: `create`. */
export const actionTitle = (action: string): string =>
  (action.split('.')[1] ?? action).replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase())
