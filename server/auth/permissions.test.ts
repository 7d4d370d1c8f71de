import { describe, expect, it } from 'vitest'
import { actionOf, besides } from '../access-matrix/actions.js'
import { answerOf, callers } from '../access-matrix/rules.js'
import { table } from '../access-matrix/table.js'
import {
  type Action,
  assertMay,
  may,
  ofTenant,
  permissions,
  type Standing,
  standings,
} from './permissions.js'
import { wholeSight } from './sight.js'

const of = { tenantId: 'tn_1', sight: wholeSight(), keyLimits: null }
const caller = (standing: Standing, operator = false) =>
  standing === 'adminKey' || standing === 'memberKey'
    ? ({
        ...of,
        kind: 'key',
        role: 'member',
        operator,
        readsAdministration: standing === 'adminKey',
      } as const)
    : ({
        ...of,
        kind: 'user',
        role: standing,
        operator,
        readsAdministration: standing !== 'member',
      } as const)

/** Who the callers of the access matrix are, besides outsiders, who are owners of their own tenant. */
const standingOf: Partial<Readonly<Record<(typeof callers)[number], readonly [Standing, boolean]>>> = {
  owner: ['owner', false],
  admin: ['admin', false],
  member: ['member', false],
  key: ['adminKey', false],
  memberKey: ['memberKey', false],
  otherTeacher: ['member', false],
  demoted: ['member', false],
  student: ['student', false],
  operator: ['owner', true],
  operatorKey: ['adminKey', true],
}

const names: Readonly<Record<string, readonly Standing[]>> = {
  everybody: standings,
  people: ['owner', 'admin', 'member', 'student'],
  staff: ['owner', 'admin', 'member', 'adminKey', 'memberKey'],
  readers: ['owner', 'admin', 'adminKey'],
  students: ['student'],
  admins: ['owner', 'admin'],
  owners: ['owner'],
  operators: [],
}

describe('the table of permissions', () => {
  // Written down a second time: whoever changes the table says here what it is meant to be.
  it.each<[keyof typeof names, readonly Action[]]>([
    [
      'owners',
      ['tenant.change', 'tenant.delete', 'member.change', 'member.invite_admin', 'member.remove_admin'],
    ],
    ['admins', ['member.invite', 'member.uninvite', 'member.remove', 'grant.create']],
    ['readers', ['audit.read', 'callback_secret.read', 'key.read', 'key.create', 'key.delete']],
    ['readers', ['webhook.read', 'webhook.create', 'webhook.change', 'webhook.delete']],
    ['everybody', ['event.read']],
    ['people', ['account.change', 'account.delete', 'session.read', 'session.end', 'tenant.create']],
    ['people', ['tenant.activate', 'tenant.join', 'tenant.leave']],
    ['operators', ['node.read', 'pool.change', 'quarantine.change', 'installation.adopt', 'tenants.read']],
    ['operators', ['tenants.change', 'user.read', 'user.reset_link', 'privacy.read', 'privacy.change']],
    [
      'everybody',
      [
        'sandbox.create',
        'sandbox.read',
        'sandbox.change',
        'sandbox.start',
        'sandbox.start',
        'sandbox.delete',
        'exec.start',
      ],
    ],
    ['everybody', ['terminal.read', 'terminal.open', 'terminal.close', 'file.read', 'file.search']],
    ['everybody', ['file.watch', 'file.write']],
    ['everybody', ['run.create', 'run.read', 'run.cancel', 'run.delete', 'template.read', 'tenant.read']],
    ['everybody', ['snapshot.create', 'snapshot.read', 'snapshot.restore', 'file.sign']],
    ['staff', ['usage.read', 'member.read', 'share.create', 'share.read', 'port.share', 'volume.read']],
    ['staff', ['volume.create', 'volume.read_files', 'template.create', 'template.delete', 'build.read']],
    ['staff', ['image.read', 'image.push', 'class.look', 'class.help', 'class.teach', 'run.callback']],
    ['everybody', ['class.read', 'student_data.read']],
    ['staff', ['student_data.delete']],
    ['students', ['class.study']],
    ['readers', ['class.create', 'class.delete', 'class.staff', 'work.publish']],
  ])('lets %s do %j, and nobody else', (who, actions) => {
    for (const action of actions) {
      for (const standing of standings) {
        for (const operator of [false, true]) {
          const expected = who === 'operators' ? operator : names[who]?.includes(standing)
          expect(may(caller(standing, operator), action), `${standing} ${operator} ${action}`).toBe(expected)
        }
      }
    }
  })

  it('decides about every call as the access matrix says that real routes answer', () => {
    expect(Object.keys(actionOf).toSorted()).toEqual(Object.keys(table).toSorted())
    for (const [name, { rule }] of Object.entries(table)) {
      const action = actionOf[name]
      if (!action) continue
      // What the call itself is refused for is no permission: an invitation of somebody else, a wrong password.
      if (['acceptInvitation', 'deleteAccount'].includes(name)) continue
      for (const one of callers) {
        const standing = standingOf[one]
        const answer = answerOf(rule, one)
        if (standing === undefined || answer === 404) continue
        expect(may(caller(...standing), action), `${name} by ${one}`).toBe(answer !== 403)
      }
    }
  })

  it('has no action that nothing asks for', () => {
    expect(
      [...new Set([...Object.values(actionOf).filter((one) => one !== null), ...besides])].toSorted(),
    ).toEqual(Object.keys(permissions).toSorted())
  })

  it('says who may, and not whether a thing of somebody else exists', () => {
    expect(() => assertMay(caller('member'), 'member.invite')).toThrow('only owners and admins can do this')
    expect(() => assertMay(caller('admin'), 'tenant.delete')).toThrow('only owners can do this')
    expect(() => assertMay(caller('adminKey'), 'member.invite')).toThrow('API keys cannot')
    expect(() => assertMay(caller('owner'), 'node.read')).toThrow('only operators')
    const words = 'sandbox not found'
    const sight = { ...wholeSight(), of: 'ann', owners: new Set(['pupil']) }
    const who = { tenantId: 'a', userId: 'ann', role: 'member', sight, keyId: null, keyLimits: null } as const
    expect(() => ofTenant(who, { tenantId: 'b' }, 'sandbox')).toThrow(words)
    expect(() => ofTenant(who, undefined, 'sandbox')).toThrow(words)
    expect(() => ofTenant(who, { tenantId: 'a', ownerId: 'of another class' }, 'sandbox')).toThrow(words)
    for (const ownerId of ['', 'pupil']) ofTenant(who, { tenantId: 'a', ownerId }, 'sandbox')
  })
})
