import { TestClient } from '../../../testing/client.js'
import { newPublicKey } from '../../../testing/ssh-key.js'
import {
  account,
  keys,
  manage,
  manageTheirs,
  open,
  own,
  owners,
  ownersTheirs,
  read,
  secret,
  sharedWith,
  staffOwn,
  theirs,
} from '../rules.js'
import { must, password, type World } from '../world.js'
import { made, type Row } from './row.js'

/** Tenants, members, keys and accounts. */
export const peopleRows: Readonly<Record<string, Row>> = {
  getMe: { rule: own },
  createTenant: { rule: account, call: () => ({ body: { name: 'One more' } }) },
  renameTenant: { rule: owners, call: () => ({ body: { name: 'Renamed' } }) },
  activateTenant: {
    rule: { ...theirs, ...keys, student: 'ok' },
    call: ({ tenantId }) => ({ path: { id: tenantId } }),
  },
  listMembers: { rule: staffOwn },
  updateMember: {
    rule: ownersTheirs,
    call: ({ colleagueId }) => ({ path: { userId: colleagueId }, body: { role: 'admin' } }),
  },
  removeMember: {
    rule: manageTheirs,
    call: ({ colleagueId }) => ({ path: { userId: colleagueId } }),
    fresh: async ({ callers, person }) => {
      const { client, email, id } = await person()
      const { url } = await must(callers.owner, 'POST', '/api/v1/invitations', { email })
      await must(client, 'POST', '/api/v1/invitations/accept', { secret: new URL(url).hash.slice(1) })
      return { path: { userId: id } }
    },
  },
  createInvitation: { rule: manage, call: () => ({ body: { email: 'somebody@example.org' } }) },
  acceptInvitation: {
    rule: {
      ...account,
      ...{ owner: 403, admin: 403, member: 403, student: 403, stranger: 403, removed: 403, operator: 403 },
      ...sharedWith(403),
    },
    why: 'an invitation is for one e-mail address, and none of the callers has it',
    call: ({ invitationSecret }) => ({ body: { secret: invitationSecret } }),
    succeeds: async ({ callers, person }) => {
      const { client, email } = await person()
      const { url } = await must(callers.owner, 'POST', '/api/v1/invitations', { email })
      return { as: client, body: { secret: new URL(url).hash.slice(1) } }
    },
  },
  deleteInvitation: {
    rule: manageTheirs,
    call: ({ invitationId }) => ({ path: { id: invitationId } }),
    fresh: async ({ callers }) => {
      const invited = await must(callers.owner, 'POST', '/api/v1/invitations', { email: 'late@example.org' })
      return { path: { id: String(invited.id) } }
    },
  },
  previewInvitation: {
    rule: open,
    why: 'whoever has the link is told what it is to',
    call: ({ invitationSecret }) => ({ body: { secret: invitationSecret } }),
  },
  listApiKeys: { rule: read },
  createApiKey: { rule: read, call: () => ({ body: { name: 'another', limits: { readOnly: true } } }) },
  deleteApiKey: {
    // A key finds those that it made itself.
    rule: { ...manageTheirs, key: 404, strangerKey: 404, operatorKey: 404 },
    call: ({ keyId }) => ({ path: { id: keyId } }),
    fresh: async ({ callers }) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/keys', { name: 'short-lived' })
      return { path: { id: String(id) } }
    },
  },
  previewGrant: { rule: manage, call: ({ clientId }) => ({ body: authorization(clientId) }) },
  createGrant: { rule: manage, call: ({ clientId }) => ({ body: authorization(clientId) }) },
  getQuota: { rule: own },
  getUsage: { rule: staffOwn },
  getDiskUse: { rule: staffOwn },
  getUsageCsv: { rule: staffOwn },
  listAuditEvents: { rule: read, call: ({ sandboxId }) => ({ query: { target: sandboxId } }) },
  getAuditCsv: { rule: read, call: ({ sandboxId }) => ({ query: { target: sandboxId } }) },
  deleteTenant: {
    rule: { ...owners, stranger: 400, removed: 400, operator: 400, ...sharedWith(400) },
    why: 'it asks for the name of the own tenant, and others say the victim’s',
    call: ({ tenant }) => ({ body: { name: tenant } }),
    fresh: async ({ callers }) => {
      const name = 'To be deleted'
      const { id } = await must(callers.owner, 'POST', '/api/v1/tenants', { name })
      await must(callers.owner, 'POST', `/api/v1/tenants/${id}/activate`, {})
      return { body: { name } }
    },
  },
  updateAccount: { rule: account, call: () => ({ body: { name: 'Somebody' } }) },
  changePassword: {
    rule: account,
    call: () => ({ body: { currentPassword: password, newPassword: password } }),
    but: { operator: 403 },
    why: 'the operator has another password',
  },
  listSessions: { rule: account },
  endSession: {
    rule: { ...theirs, ...keys },
    but: { admin: 404, member: 404, student: 404 },
    why: 'a session is a person’s, not a tenant’s',
    call: ({ sessionId }) => ({ path: { id: sessionId } }),
    fresh: async ({ url, callers, victim }) => {
      await TestClient.signIn(url, victim.email, password)
      const { sessions } = await must(callers.owner, 'GET', '/api/v1/account/sessions')
      const other = sessions.find((one: { current: boolean }) => !one.current)
      return { path: { id: String(other.id) } }
    },
  },
  endOtherSessions: { rule: account },
  getSsh: { rule: own },
  listSshKeys: { rule: account },
  addSshKeys: {
    rule: account,
    call: () => ({ body: { keys: 'ssh-ed25519 AAAA' } }),
    but: {
      ...{ owner: 400, admin: 400, member: 400, student: 400, stranger: 400, removed: 400, operator: 400 },
      ...sharedWith(400),
    },
    why: 'that is no key: one lets in one account only, and these are many',
    succeeds: async ({ person }) => ({ as: (await person()).client, body: { keys: newPublicKey() } }),
  },
  removeSshKey: {
    rule: { ...theirs, ...keys },
    but: { admin: 404, member: 404, student: 404 },
    why: 'a key is a person’s, not a tenant’s',
    call: ({ sshKeyId }) => ({ path: { id: sshKeyId } }),
    fresh: async ({ callers }) => {
      const added = await must(callers.owner, 'POST', '/api/v1/account/ssh-keys', { keys: newPublicKey() })
      return { path: { id: String(added.keys[0].id) } }
    },
  },
  previewAccountDeletion: { rule: account },
  deleteAccount: {
    rule: {
      ...account,
      ...{ owner: 403, admin: 403, member: 403, student: 403, stranger: 403, removed: 403, operator: 403 },
      ...sharedWith(403),
    },
    why: 'it asks for the password once more, and this is not it',
    call: () => ({ body: { currentPassword: 'not the password' } }),
    succeeds: async ({ person }) => ({ as: (await person()).client, body: { currentPassword: password } }),
  },
  previewPasswordReset: {
    rule: secret,
    call: () => ({ body: made }),
    succeeds: async (world) => ({ body: { secret: await resetSecret(world) } }),
  },
  resetPassword: {
    rule: secret,
    call: () => ({ body: { ...made, newPassword: password } }),
    succeeds: async (world) => ({ body: { secret: await resetSecret(world), newPassword: password } }),
  },
}

async function resetSecret({ callers, person }: World): Promise<string> {
  const { id } = await person()
  const { url } = await must(callers.operatorKey, 'POST', `/api/v1/admin/users/${id}/reset-link`, {})
  return new URL(url).hash.slice(1)
}

const authorization = (clientId: string) => ({
  ...{ clientId, redirectUri: 'http://127.0.0.1/callback', responseType: 'code' },
  ...{ codeChallenge: 'x'.repeat(43), codeChallengeMethod: 'S256' },
})
