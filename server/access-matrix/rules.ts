/** Who calls. Everybody from the stranger on is of another tenant than the victim, or of none. */
export const callers = [
  'nobody',
  'owner',
  'admin',
  'member',
  /** Made by the owner. */
  'key',
  /** Made by an admin who is a member now. */
  'memberKey',
  /** A member who teaches a class of the victim's tenant, and not that of the victim's pupil. */
  'otherTeacher',
  /** Was an admin of the victim's tenant when they signed in, and is a member now. */
  'demoted',
  /** A student in the victim's tenant, to whom nothing of all this belongs. */
  'student',
  'stranger',
  'strangerKey',
  /** Was an admin of the victim's tenant. */
  'removed',
  /** Made by `removed`, before. */
  'removedKey',
  /** Runs the installation, and is a member of its own tenant only. */
  'operator',
  'operatorKey',
  /** Of a tenant of their own; the victim's sandboxes are shared with them to look at. */
  'looker',
  /** The same, to work in. */
  'typist',
  /** The same until the share was withdrawn. */
  'revokedGuest',
  /** The same until the share expired. */
  'expiredGuest',
] as const
export type Caller = (typeof callers)[number]

/** `ok` is any 2xx. */
export type Answers = 'ok' | 400 | 401 | 403 | 404 | 405 | 409
/** Who is answered as any member of the tenant, whom rules name alone. */
export const colleagues = ['otherTeacher', 'demoted'] as const
type Colleague = (typeof colleagues)[number]
export type Rule = Readonly<Record<Exclude<Caller, Colleague>, Answers>>

/** What a rule, or what differs from it, says of a caller. */
export const answerOf = (rule: Rule, caller: Caller): Answers =>
  caller === 'otherTeacher' || caller === 'demoted' ? rule.member : rule[caller]

export const insiders: ReadonlySet<Caller> = new Set([
  ...(['owner', 'admin', 'member', 'key', 'memberKey'] as const),
  ...colleagues,
])

/** With whom the victim's sandboxes are shared now. */
export const guests: ReadonlySet<Caller> = new Set(['looker', 'typist'])

const inside = { owner: 'ok', admin: 'ok', member: 'ok', key: 'ok', memberKey: 'ok' } as const
/** What students have nothing to do with. */
const staff = { student: 403 } as const
const unknown = { nobody: 401, removedKey: 401 } as const
/** Those with whom something is shared, or was, where it is the same for all of them. */
export const sharedWith = (answer: Answers) =>
  ({ looker: answer, typist: answer, revokedGuest: answer, expiredGuest: answer }) as const
const outside = (answer: Answers) =>
  ({
    ...{ stranger: answer, strangerKey: answer, removed: answer, operator: answer, operatorKey: answer },
    ...sharedWith(answer),
  }) as const
/** Of those who are of another tenant than the victim. */
export const foreign = outside

/** The call names something of the victim. Whoever is of another tenant, or a student, must not learn that it exists. */
export const theirs: Rule = { ...unknown, ...inside, student: 404, ...outside(404) }
/** The same, and students may not make the call at all. */
export const staffTheirs: Rule = { ...theirs, ...staff }

/** The call names a sandbox that is shared: whoever may look may make it. */
export const looked: Rule = { ...theirs, looker: 'ok', typist: 'ok' }

/** The same, and it writes, types or starts something. */
export const typed: Rule = { ...theirs, looker: 403, typist: 'ok' }

/** The same, and it is for the tenant alone. */
export const kept: Rule = { ...theirs, looker: 403, typist: 403 }

export const staffKept: Rule = { ...kept, ...staff }

/** The call is about the caller's own tenant, whatever it names; a student's is about what they have made. */
export const own: Rule = { ...unknown, ...inside, student: 'ok', ...outside('ok') }
export const staffOwn: Rule = { ...own, ...staff }

/** What no API key may. */
export const keys = { key: 403, memberKey: 403, strangerKey: 403, operatorKey: 403 } as const

/** The call is about the caller's own account. A key has none. */
export const account: Rule = { ...own, ...keys }

/** Owners and admins manage their own tenant; keys do not. */
export const manage: Rule = { ...staffOwn, ...keys, member: 403 }

/** The same, and the call names something of the victim. */
export const manageTheirs: Rule = { ...staffTheirs, ...keys, member: 403 }

/** Owners alone decide about their tenant, and about who administers it. */
export const owners: Rule = { ...manage, admin: 403 }
export const ownersTheirs: Rule = { ...manageTheirs, admin: 403 }

/** Owners, admins, and the keys that they made read about their own tenant. */
export const read: Rule = { ...staffOwn, member: 403, memberKey: 403 }

/** The same, and the call names something of the victim. */
export const readTheirs: Rule = { ...staffTheirs, member: 403, memberKey: 403 }

export const operators: Rule = {
  ...unknown,
  ...{ owner: 403, admin: 403, member: 403, key: 403, memberKey: 403, student: 403 },
  ...{ stranger: 403, strangerKey: 403, removed: 403, ...sharedWith(403) },
  ...{ operator: 'ok', operatorKey: 'ok' },
}

export const everybodyIs = (answer: Answers): Rule => ({
  ...{ nobody: answer, removedKey: answer },
  ...{ owner: answer, admin: answer, member: answer, key: answer, memberKey: answer, student: answer },
  ...outside(answer),
})

/** Needs no account: nothing of a tenant is told. */
export const open = everybodyIs('ok')

/** Never with what the table says: it needs what only another origin gives. */
export const refused = everybodyIs(400)
/** Needs no account but a secret, and the callers have none that is good. */
export const secret = everybodyIs(404)

/** Needs no account but a signature, and the callers have one for something else. */
export const signature = everybodyIs(403)
