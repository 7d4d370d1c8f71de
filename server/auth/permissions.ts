import type { ShareLevel } from '../../protocol/api/index.js'
import { forbidden } from '../errors.js'
import { closedByExam, examsAdmit, examsNow, examsOver, isInExam, notThere } from './exams.js'
import { limitsRefuse, onlyOf, ownMade } from './key-limits.js'
import type { Principal } from './principal.js'

/**
 * What somebody is in a tenant. A key of an owner or admin (or of the installation) reads what these read, and no key
 * manages people. A student does what is allowed with what they made themselves (`belongsTo`). Operators are one
 * of these in their own tenant, and operate the installation besides.
 */
export const standings = ['owner', 'admin', 'member', 'student', 'adminKey', 'memberKey'] as const
export type Standing = (typeof standings)[number]

interface Permission {
  /**
   * Whose the thing is that is acted on: only the caller's own tenant and the caller's own account, whatever a call
   * names; somebody else's does not exist. What is the installation's is the operators'.
   */
  readonly of: 'tenant' | 'account' | 'installation'
  readonly to: readonly Standing[]
  /** What a share of the sandbox must be at least for its guests to do this as well; no share is enough without it. */
  readonly guests?: ShareLevel
}

const tenant = (to: readonly Standing[]): Permission => ({ of: 'tenant', to })
const owners = ['owner'] as const
const admins = ['owner', 'admin'] as const
const people = ['owner', 'admin', 'member', 'student'] as const
const readers = ['owner', 'admin', 'adminKey'] as const
/** Of every class of their tenant. A member teaches or assists in the classes they are put in (`classes/access.ts`). */
const ofClasses = tenant(readers)
const staff = ['owner', 'admin', 'member', 'adminKey', 'memberKey'] as const

/** What all who are no students see and change together. */
const anyStaff = tenant(staff)
/** Students too, each with what is their own. */
const anyInside = tenant(standings)
/** The same, and whom the sandbox is shared with: to look at it, or to work in it. */
const lookers: Permission = { ...anyInside, guests: 'look' }
const typists: Permission = { ...anyInside, guests: 'type' }
const ownAccount: Permission = { of: 'account', to: people }
const operators: Permission = { of: 'installation', to: [] }

/** Who may do what: the only place that says it. Services ask it before they act; no route does. */
export const permissions = {
  'sandbox.create': anyInside,
  'sandbox.read': lookers,
  'sandbox.keep_awake': typists,
  'sandbox.change': anyInside,
  /** To start it again, and to resume it. */
  'sandbox.start': anyInside,
  'sandbox.delete': anyInside,
  'exec.start': typists,
  'process.start': typists,
  'process.read': lookers,
  'process.write': typists,
  'process.signal': typists,
  'lsp.read': typists,
  'lsp.open': typists,
  'port.read': lookers,
  'port.open': typists,
  'port.share': anyStaff,
  'terminal.read': lookers,
  /** Its output. To type into it, and to give it a size, is `terminal.open`. */
  'terminal.look': lookers,
  'terminal.open': typists,
  'terminal.close': typists,
  'file.read': lookers,
  'file.search': lookers,
  'file.watch': lookers,
  'file.write': typists,
  'file.sign': anyInside,
  /** To connect by SSH. What is done then is asked for by itself, as by any other caller. */
  'ssh.open': typists,
  'share.create': anyStaff,
  'share.read': anyStaff,
  'share.change': anyStaff,
  'share.delete': anyStaff,
  'snapshot.create': anyInside,
  'snapshot.read': anyInside,
  'snapshot.restore': anyInside,
  'snapshot.change': anyInside,
  'snapshot.delete': anyInside,
  'schedule.create': anyStaff,
  'schedule.read': anyStaff,
  'schedule.change': anyStaff,
  'schedule.delete': anyStaff,
  'volume.create': anyStaff,
  'volume.read': anyStaff,
  'volume.change': anyStaff,
  'volume.snapshot': anyStaff,
  'volume.delete': anyStaff,
  'volume.read_files': anyStaff,
  'volume.write_files': anyStaff,
  'stack.create': anyStaff,
  'stack.read': anyStaff,
  'stack.change': anyStaff,
  'stack.delete': anyStaff,
  'template.read': anyInside,
  'template.create': anyStaff,
  'template.delete': anyStaff,
  'build.read': anyStaff,
  'image.read': anyStaff,
  'image.push': anyStaff,
  'image.delete': anyStaff,
  'registry.read': anyStaff,
  'registry.change': anyStaff,
  'run.create': anyInside,
  /** To be told its result by a call that is signed with the secret of the tenant. */
  'run.callback': anyStaff,
  'run.read': anyInside,
  'run.cancel': anyInside,
  'run.delete': anyInside,
  'callback_secret.read': tenant(readers),
  /** What happens to what they see. */
  'event.read': anyInside,
  'webhook.read': tenant(readers),
  'webhook.create': tenant(readers),
  'webhook.change': tenant(readers),
  'webhook.delete': tenant(readers),
  /** To make the work of a student, or a copy of it, into what all staff see. */
  'work.publish': ofClasses,
  'class.create': ofClasses,
  /** Of a class that the caller is in; a student reads what concerns themselves. */
  'class.read': anyInside,
  /** What its teachers and assistants see: its students and its roster. */
  'class.look': anyStaff,
  /** What its teachers do: students, sections, groups, roster, invitations, cards. */
  'class.teach': anyStaff,
  /** What assistants do in its live lessons as well: they speak to students, and lower hands. */
  'class.help': anyStaff,
  /** What its students do: begin assignments. */
  'class.study': tenant(['student']),
  'class.delete': ofClasses,
  /** Who teaches and assists in it. */
  'class.staff': ofClasses,
  /** All that a class has of a student, at once: as its teachers, or as that student. */
  'student_data.read': anyInside,
  'student_data.delete': anyStaff,
  /** Learning platforms, whose people are let in. */
  'platform.read': tenant(readers),
  'platform.change': tenant(admins),
  'tenant.read': anyInside,
  'tenant.change': tenant(owners),
  'tenant.delete': tenant(owners),
  'audit.read': tenant(readers),
  'usage.read': anyStaff,
  'member.read': anyStaff,
  'member.invite': tenant(admins),
  'member.invite_admin': tenant(owners),
  'member.uninvite': tenant(admins),
  'member.change': tenant(owners),
  'member.remove': tenant(admins),
  'member.remove_admin': tenant(owners),
  /** A key makes keys with limits, and manages those alone (`tenants/keys.ts`). */
  'key.read': tenant(readers),
  'key.create': tenant(readers),
  'key.delete': tenant(readers),
  /** To let a program in by OAuth: a person does that, on a page. */
  'grant.create': tenant(admins),
  'account.change': ownAccount,
  'account.delete': ownAccount,
  'session.read': ownAccount,
  'session.end': ownAccount,
  'ssh_key.read': ownAccount,
  'ssh_key.change': ownAccount,
  'tenant.create': ownAccount,
  'tenant.activate': ownAccount,
  'tenant.join': ownAccount,
  'tenant.leave': ownAccount,
  'share.accept': ownAccount,
  'share.leave': ownAccount,
  'share.received': ownAccount,
  'node.read': operators,
  'node.change': operators,
  'pool.change': operators,
  'template.change': operators,
  'quarantine.change': operators,
  'installation.adopt': operators,
  'tenants.read': operators,
  'tenants.change': operators,
  'privacy.read': operators,
  'privacy.change': operators,
  'user.read': operators,
  'user.reset_link': operators,
} satisfies Record<string, Permission>

export type Action = keyof typeof permissions

/**
 * What whoever writes an exam may do, with what `belongsTo` leaves to them: its sandbox. No snapshot, share, volume, run or new sandbox
 * is there until it is over, and no setting of the sandbox is changed.
 */
const inExams: ReadonlySet<Action> = new Set([
  ...(['sandbox.read', 'sandbox.keep_awake', 'sandbox.start', 'exec.start'] as const),
  ...(['process.start', 'process.read', 'process.write', 'process.signal'] as const),
  ...(['lsp.read', 'lsp.open', 'port.read', 'port.open'] as const),
  ...(['terminal.read', 'terminal.look', 'terminal.open', 'terminal.close'] as const),
  ...(['file.read', 'file.search', 'file.watch', 'file.write', 'template.read'] as const),
  ...(['class.read', 'class.study', 'tenant.read', 'tenant.activate'] as const),
  ...(['account.change', 'session.read', 'session.end'] as const),
] satisfies Action[])

/** What decides about somebody's permissions. */
type Caller = Pick<
  Principal,
  'kind' | 'role' | 'operator' | 'readsAdministration' | 'tenantId' | 'sight' | 'keyLimits'
>

const standingOf = ({ kind, role, readsAdministration }: Caller): Standing =>
  kind === 'user' ? role : readsAdministration ? 'adminKey' : 'memberKey'

export function may(who: Caller, action: Action): boolean {
  if (!inExams.has(action) && isInExam(who)) return false
  if (limitsRefuse(who, action) !== undefined) return false
  const { of, to }: Permission = permissions[action]
  return of === 'installation' ? who.operator : to.includes(standingOf(who))
}

/** @throws ApiError `forbidden` that says who may */
export function assertMay(who: Caller, action: Action): void {
  if (may(who, action)) return
  if (!inExams.has(action) && isInExam(who)) throw closedByExam()
  throw forbidden(limitsRefuse(who, action) ?? refusal(who, permissions[action]))
}

/** Whether a share of this level is enough for it. */
export function guestMay(level: ShareLevel, action: Action): boolean {
  const { guests }: Permission = permissions[action]
  return guests === 'look' || (guests === 'type' && level === 'type')
}

/** @throws ApiError `forbidden` */
export function assertGuestMay(level: ShareLevel, action: Action): void {
  if (guestMay(level, action)) return
  throw forbidden(
    guestMay('type', action)
      ? 'this sandbox is shared with you to look at: you can look, not type'
      : 'only members of the tenant that the sandbox belongs to can do this',
  )
}

function refusal({ kind, role }: Caller, { of, to }: Permission): string {
  if (of === 'installation') return 'only operators can do this'
  if (kind === 'user' && role === 'student') return 'students cannot do this; ask your teacher'
  if (to.length === 1 && to[0] === 'student') return 'only students of a class can do this'
  if (of === 'account') return 'an API key has no account and belongs to one tenant; sign in instead'
  if (to.includes('adminKey')) return 'only an owner or admin, or an API key of one, can do this'
  if (kind === 'key') return 'API keys cannot manage members, keys or the tenant; sign in instead'
  return `only ${to.includes('admin') ? 'owners and admins' : 'owners'} can do this`
}

/**
 * Somebody with an account, who may do something with it.
 * @throws ApiError `forbidden` for an API key
 */
export function personOf(
  who: Principal,
  action: Action,
): { userId: string; sessionId: string; email: string } {
  assertMay(who, action)
  const { userId, sessionId, actor } = who
  if (userId === null || sessionId === null) throw forbidden(refusal(who, permissions[action]))
  return { userId, sessionId, email: actor }
}

/** Whose something is. */
interface Owned {
  readonly tenantId: string
  /**
   * The student whose own it is; empty for what everybody of the tenant sees but students. Of a copy that staff made of a student's
   * work it is no account's (`copies.ts`).
   */
  readonly ownerId: string
  /** Of a sandbox: what it was made for. Nothing else is made for an exam. */
  readonly assignmentId?: string | null
  /** The API key that made it. What does not say so was made by none. */
  readonly keyId?: string | null
}

/** Who decides by being a student or not, by the classes that they teach in, and as a key by its limits. */
export type Asking = Pick<Principal, 'tenantId' | 'userId' | 'role' | 'sight' | 'keyId' | 'keyLimits'>

/**
 * Whether something is there for somebody of its tenant: classmates' is not, nor is that of other teachers' students. While an exam goes
 * on nothing is there for whoever writes it but what was made for it, and after their end that is not.
 */
export function belongsTo(who: Asking, thing: Owned): boolean {
  if (thing.tenantId !== who.tenantId || !examsAdmit(who, thing.assignmentId)) return false
  const key = onlyOf(who)
  if (key !== undefined && thing.keyId !== key) return false
  if (who.role === 'student') return thing.ownerId === who.userId
  return thing.ownerId === '' || who.sight.owners === null || who.sight.owners.has(thing.ownerId)
}

/** The owner of what somebody makes. */
export const ownerIdOf = ({ userId, role }: Pick<Asking, 'userId' | 'role'>): string =>
  role === 'student' && userId !== null ? userId : ''

/** The owners whose things somebody finds; undefined: everybody of the tenant. What a key may see of them is `ownMade`'s to say. */
export function ownersFor(who: Asking): string[] | undefined {
  if (isInExam(who)) return []
  if (who.role === 'student') return [ownerIdOf(who)]
  return who.sight.owners === null ? undefined : ['', ...who.sight.owners]
}

/** For queries: a student finds only what is their own, a member what is no student's but of their classes. */
export function ownRows(who: Asking): { tenantId: string; ownerId?: { in: string[] } } {
  const owners = ownersFor(who)
  return { tenantId: who.tenantId, ...(owners === undefined ? {} : { ownerId: { in: owners } }) }
}

/** The same of what says by which key it was made. */
export const ownOfKeys = (who: Asking) => ({ ...ownRows(who), ...ownMade(who) })

/** The same for sandboxes, of which whoever writes an exam finds that of the exam, and afterwards all but that. */
export function ownSandboxes(who: Asking) {
  const bound = examsNow(who).map(({ assignmentId }) => assignmentId)
  if (bound.length > 0) {
    return { tenantId: who.tenantId, ownerId: { in: [ownerIdOf(who)] }, assignmentId: { in: bound } }
  }
  const over = examsOver(who).map(({ assignmentId }) => assignmentId)
  if (over.length === 0) return ownOfKeys(who)
  return { ...ownOfKeys(who), OR: [{ assignmentId: null }, { assignmentId: { notIn: over } }] }
}

/**
 * What a call names, when it is the caller's tenant's, and the caller's own when they are a student.
 * @throws ApiError `not_found`, the same for what does not exist and for what is somebody else's
 */
export function ofTenant<
  T extends {
    readonly tenantId: string
    readonly ownerId?: string
    readonly assignmentId?: string | null
    readonly keyId?: string | null
  },
>(who: Asking, thing: T | null | undefined, what: string): T {
  if (!thing || !belongsTo(who, { ownerId: '', ...thing })) throw notThere(who, what)
  return thing
}
