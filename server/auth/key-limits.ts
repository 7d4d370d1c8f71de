import { z } from 'zod'
import { type KeyLimits, keyLimits as keyLimitsSchema } from '../../protocol/api/index.js'
import { ApiError, forbidden } from '../errors.js'

/**
 * What a key with limits does of each kind:
 *
 * - `looks`: at what its limits leave to it.
 * - `works`: the same, unless it may only read.
 * - `tenant`: reads what is the whole tenant's, unless only what it has made exists for it.
 * - `never`: what outlasts its limits or reaches past them, such as a template, a stack, or a share.
 */
type Rule = 'looks' | 'works' | 'tenant' | 'never'

/**
 * What API keys with limits may do: the only place that says it. An action that is not here is a mistake of types, where
 * `permissions.ts` asks about it.
 */
export const keyRules = {
  'sandbox.create': 'works',
  'sandbox.read': 'looks',
  'sandbox.keep_awake': 'works',
  'sandbox.change': 'works',
  'sandbox.start': 'works',
  'sandbox.delete': 'works',
  'exec.start': 'works',
  'process.start': 'works',
  'process.read': 'looks',
  'process.write': 'works',
  'process.signal': 'works',
  /** Language servers are programs that are started for whoever asks. */
  'lsp.read': 'works',
  'lsp.open': 'works',
  'port.read': 'looks',
  /** What a request does to an app is not known here. */
  'port.open': 'works',
  'port.share': 'never',
  'terminal.read': 'looks',
  'terminal.look': 'looks',
  'terminal.open': 'works',
  'terminal.close': 'works',
  'file.read': 'looks',
  'file.search': 'looks',
  'file.watch': 'looks',
  'file.write': 'works',
  /** A URL is read by whoever has it. */
  'file.sign': 'works',
  /** A connection does what the key does: processes, files and ports of one sandbox. */
  'ssh.open': 'works',
  'share.create': 'never',
  'share.read': 'tenant',
  'share.change': 'never',
  'share.delete': 'never',
  'snapshot.create': 'works',
  'snapshot.read': 'looks',
  'snapshot.restore': 'works',
  'snapshot.change': 'works',
  'snapshot.delete': 'works',
  /** It acts later, when nobody asks for the limits any more. */
  'schedule.create': 'never',
  'schedule.read': 'tenant',
  'schedule.change': 'never',
  'schedule.delete': 'never',
  /** What is written to one is in the sandboxes of others. */
  'volume.create': 'never',
  'volume.read': 'tenant',
  'volume.change': 'never',
  'volume.snapshot': 'never',
  'volume.delete': 'never',
  'volume.read_files': 'tenant',
  'volume.write_files': 'never',
  /** Its sandboxes are made by the server, again and again. */
  'stack.create': 'never',
  'stack.read': 'tenant',
  'stack.change': 'never',
  'stack.delete': 'never',
  'template.read': 'looks',
  /** A build runs commands with the internet, and what has the name of a template is what others make sandboxes from. */
  'template.create': 'never',
  'template.delete': 'never',
  'build.read': 'tenant',
  'image.read': 'tenant',
  'image.push': 'never',
  'image.delete': 'never',
  'registry.read': 'tenant',
  'registry.change': 'never',
  'run.create': 'works',
  /** The server calls an address that the key names. */
  'run.callback': 'never',
  'run.read': 'looks',
  'run.cancel': 'works',
  'run.delete': 'works',
  'callback_secret.read': 'never',
  'work.publish': 'never',
  'class.create': 'never',
  'class.read': 'tenant',
  /** Whoever looks at hand-ins grades them too. */
  'class.look': 'never',
  'class.teach': 'never',
  'class.help': 'never',
  'class.study': 'never',
  'class.delete': 'never',
  'class.staff': 'never',
  'student_data.read': 'tenant',
  'student_data.delete': 'never',
  'tenant.read': 'looks',
  'tenant.change': 'never',
  'tenant.delete': 'never',
  'event.read': 'tenant',
  /** They go on when the key has gone. */
  'webhook.read': 'tenant',
  'webhook.create': 'never',
  'webhook.change': 'never',
  'webhook.delete': 'never',
  'platform.read': 'tenant',
  'platform.change': 'never',
  'audit.read': 'tenant',
  'usage.read': 'tenant',
  'member.read': 'tenant',
  'member.invite': 'never',
  'member.invite_admin': 'never',
  'member.uninvite': 'never',
  'member.change': 'never',
  'member.remove': 'never',
  'member.remove_admin': 'never',
  'key.read': 'never',
  'key.create': 'never',
  'key.delete': 'never',
  'grant.create': 'never',
  'account.change': 'never',
  'ssh_key.read': 'never',
  'ssh_key.change': 'never',
  'account.delete': 'never',
  'session.read': 'never',
  'session.end': 'never',
  'tenant.create': 'never',
  'tenant.activate': 'never',
  'tenant.join': 'never',
  'tenant.leave': 'never',
  'share.accept': 'never',
  'share.leave': 'never',
  'share.received': 'never',
  'node.read': 'never',
  'node.change': 'never',
  'pool.change': 'never',
  'template.change': 'never',
  'quarantine.change': 'never',
  'installation.adopt': 'never',
  'tenants.read': 'never',
  'tenants.change': 'never',
  'privacy.read': 'never',
  'privacy.change': 'never',
  'user.read': 'never',
  'user.reset_link': 'never',
} as const satisfies Readonly<Record<string, Rule>>

type Action = keyof typeof keyRules

/** Who is bounded by limits, or is not. */
export interface Limited {
  readonly keyId: string | null
  /** Null: by none. */
  readonly keyLimits: KeyLimits | null
}

/** What every refusal ends with: limits of a key are never changed. */
const remedy = 'an owner or admin of the tenant can make a key with other limits'

/** Why limits refuse an action; undefined when they do not. */
export function limitsRefuse({ keyLimits }: Pick<Limited, 'keyLimits'>, action: Action): string | undefined {
  if (keyLimits === null) return undefined
  const rule = keyRules[action]
  if (rule === 'never') {
    return `this API key has limits, and with any of them it works with sandboxes, snapshots and runs only; ${remedy}`
  }
  if (rule === 'works' && keyLimits.readOnly) return `this API key may only read (readOnly); ${remedy}`
  if (rule === 'tenant' && keyLimits.ownOnly) {
    return `this API key sees only the sandboxes, snapshots and runs that it made (ownOnly); ${remedy}`
  }
  return undefined
}

/** The key whose things alone exist for a caller; undefined: limits hide nothing. */
export const onlyOf = ({ keyId, keyLimits }: Limited): string | undefined =>
  keyLimits?.ownOnly ? (keyId ?? '') : undefined

/** For queries of tables that say by which key a row was made. */
export const ownMade = (who: Limited): { keyId?: string } => {
  const keyId = onlyOf(who)
  return keyId === undefined ? {} : { keyId }
}

/** @param problem what the key does or does not do */
export const limitsForbid = (problem: string): ApiError => forbidden(`this API key ${problem}; ${remedy}`)

/** @param part the name of the limit */
export const beyondLimit = (part: keyof KeyLimits, problem: string): ApiError =>
  forbidden(`${part}: this API key ${problem}; ${remedy}`)

/**
 * The refusal that the database says by an error with the code CL005 (`bound_key`).
 * @param detail of that error
 */
export function asManyAsLimit(detail: string | undefined): ApiError {
  const { table, most } = z.object({ table: z.string(), most: z.number() }).parse(JSON.parse(detail ?? '{}'))
  const made =
    table === 'run'
      ? `${most} runs are under way; wait for one or cancel it`
      : `${most} sandboxes that it made exist; delete one`
  return new ApiError('quota_exceeded', `sandboxes: of this API key ${made}, or ${remedy}`)
}

/**
 * Limits as they were stored. Those that this version cannot read are not taken for none: the key reads what it has
 * made, and nothing else, until a version that knows them runs again.
 */
export function limitsOf(stored: unknown): KeyLimits | null {
  if (stored === null) return null
  return keyLimitsSchema.safeParse(stored).data ?? { readOnly: true, ownOnly: true }
}
