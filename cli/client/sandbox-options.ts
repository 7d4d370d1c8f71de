import type { CreateSandbox, UpdateSandbox } from '../../sdk/index.js'
import { type Flag, UsageError } from '../command.js'
import type { ClientCall } from './client-command.js'
import { pairs } from './pairs.js'
import { mebibytesOf, secondsOf } from './quantity.js'

type IdlePolicy = NonNullable<UpdateSandbox['idle']>

/** Options of both `sandbox create` and `sandbox edit`. */
const common: Readonly<Record<string, Flag>> = {
  cpus: { type: 'string', value: 'NUMBER', help: 'CPU limit in cores; 0.5 is half a core' },
  memory: { type: 'string', value: 'SIZE', help: 'memory limit, such as 512m or 2g' },
  disk: { type: 'string', value: 'SIZE', help: 'disk limit on top of the template, such as 4g' },
  pids: { type: 'string', value: 'NUMBER', help: 'limit of processes and threads' },
  network: { type: 'string', value: 'POLICY', help: 'none, internet, or an allowlist: a.example,b.example' },
  idle: {
    type: 'string',
    value: 'POLICY',
    help: 'put it to sleep when nothing uses it: pause=30m,stop=12h, or one of them; none: never; default: as the tenant has it',
  },
  restart: {
    type: 'string',
    value: 'POLICY',
    help: 'unless-stopped: start it again when it ends by itself or its machine was restarted; no: do not',
  },
  meta: { type: 'string', multiple: true, value: 'NAME=TEXT', help: 'metadata; can be given more than once' },
}

export const createFlags: Readonly<Record<string, Flag>> = {
  template: { type: 'string', short: 't', value: 'NAME', help: 'template; default: base' },
  snapshot: {
    type: 'string',
    value: 'SNAPSHOT',
    help: 'id of a snapshot whose disk it begins with, instead of a template',
  },
  volume: {
    type: 'string',
    multiple: true,
    value: 'VOLUME:PATH[:ro]',
    help: 'mount a volume at an absolute path, read-only with :ro; can be given more than once',
  },
  repository: {
    type: 'string',
    value: 'URL',
    help: 'git repository that is cloned into it; CLOCHE_GIT_TOKEN (and CLOCHE_GIT_USERNAME) sign in',
  },
  isolation: {
    type: 'string',
    value: 'KIND',
    help: 'standard (default) or hardened (gVisor; slower, no sudo)',
  },
  ...common,
  env: {
    type: 'string',
    short: 'e',
    multiple: true,
    value: 'NAME=TEXT',
    help: 'an environment variable; can be given more than once',
  },
  ttl: { type: 'string', value: 'TIME', help: 'delete it after this time, such as 30m or 8h' },
}

export const editFlags: Readonly<Record<string, Flag>> = {
  name: { type: 'string', value: 'NAME', help: 'new name' },
  ...common,
  ttl: { type: 'string', value: 'TIME', help: 'delete it this long after its creation; none: never' },
  volume: {
    type: 'string',
    multiple: true,
    value: 'VOLUME:PATH[:ro]',
    help: 'of a stopped one: mount these volumes in place of those it has; none: no volume',
  },
}

/** Which option sets which field of the request, for the server's complaints. */
export const sandboxFields: Readonly<Record<string, string>> = {
  'limits.cpus': '--cpus',
  'limits.memoryMiB': '--memory (MiB)',
  'limits.diskMiB': '--disk (MiB)',
  'limits.pids': '--pids',
  ttlSeconds: '--ttl (seconds)',
  restart: '--restart',
  'idle.pauseAfterSeconds': '--idle pause (seconds)',
  'idle.stopAfterSeconds': '--idle stop (seconds)',
  ...{
    name: 'name',
    template: '--template',
    isolation: '--isolation',
    snapshot: '--snapshot',
    volumes: '--volume',
    network: '--network',
  },
  ...{ env: '--env', metadata: '--meta' },
}

/** @throws UsageError */
export function createOptions(call: ClientCall): CreateSandbox {
  const { words, text, texts } = call
  if (words.length > 1) throw new UsageError(`specify one name, not ${words.length}: ${words.join(' ')}`)
  const isolation = text('isolation') ?? 'standard'
  if (isolation !== 'standard' && isolation !== 'hardened')
    throw new UsageError(`--isolation must be standard or hardened, not ${isolation}`)
  const ttlSeconds = secondsOf('ttl', text('ttl'))
  return {
    ...{ name: words[0], template: text('template'), isolation, limits: limitsOf(call) },
    ...networkOf(text('network')),
    snapshot: text('snapshot'),
    idle: idleOf(text('idle')),
    restart: restartOf(text('restart')),
    ...{ ttlSeconds, env: pairs('env', texts('env')), metadata: pairs('meta', texts('meta')) },
  }
}

/** @throws UsageError when nothing is to be changed */
export function editOptions(call: ClientCall, more: UpdateSandbox = {}): UpdateSandbox {
  const { text, texts } = call
  const limits = Object.entries(limitsOf(call)).filter(([, value]) => value !== undefined)
  const ttl = text('ttl')
  const meta = texts('meta')
  const change: UpdateSandbox = {
    ...more,
    ...(text('name') === undefined ? {} : { name: text('name') }),
    ...(limits.length === 0 ? {} : { limits: Object.fromEntries(limits) }),
    ...networkOf(text('network')),
    ...(ttl === undefined ? {} : { ttlSeconds: ttl === 'none' ? null : secondsOf('ttl', ttl) }),
    ...(text('idle') === undefined ? {} : { idle: idleOf(text('idle')) }),
    ...(text('restart') === undefined ? {} : { restart: restartOf(text('restart')) }),
    ...(meta.length === 0 ? {} : { metadata: pairs('meta', meta) }),
  }
  if (Object.keys(change).length > 0) return change
  const options = Object.keys(editFlags).map((flag) => `--${flag}`)
  throw new UsageError(`specify what to change: ${options.join(', ')}`)
}

const limitsOf = ({ text, number }: ClientCall) => ({
  cpus: number('cpus'),
  memoryMiB: mebibytesOf('memory', text('memory')),
  diskMiB: mebibytesOf('disk', text('disk')),
  pids: number('pids'),
})

/** @returns null for never, undefined when nothing is said. @throws UsageError */
function idleOf(text: string | undefined): IdlePolicy | null | undefined {
  if (text === undefined) return undefined
  if (text === 'none') return null
  const policy: IdlePolicy = {}
  for (const part of text.split(',')) {
    const [step, time = ''] = part.split('=')
    if (step === 'pause') policy.pauseAfterSeconds = secondsOf('idle pause', time)
    else if (step === 'stop') policy.stopAfterSeconds = secondsOf('idle stop', time)
    else throw new UsageError(`--idle must be such as pause=30m,stop=12h, or none, not ${text}`)
  }
  return policy
}

/** @throws UsageError */
function restartOf(text: string | undefined): UpdateSandbox['restart'] {
  if (text === undefined || text === 'no' || text === 'unless-stopped') return text
  throw new UsageError(`--restart must be unless-stopped or no, not ${text}`)
}

/** A policy as people write it. */
export function networkOf(text: string | undefined) {
  if (text === undefined) return {}
  if (text === 'none' || text === 'internet') return { network: text } as const
  return { network: { allow: text.split(',').filter((name) => name !== '') } }
}
