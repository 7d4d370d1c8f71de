import { TestClient } from '../../testing/client.js'
import {
  type Answers,
  account,
  type Caller,
  everybodyIs,
  kept,
  keys,
  looked,
  manage,
  manageTheirs,
  open,
  operators,
  own,
  owners,
  ownersTheirs,
  type Rule,
  read,
  refused,
  secret,
  sharedWith,
  signature,
  theirs,
  typed,
} from './rules.js'
import { asBytes, asForm, buildForm, limits, must, password, tiny, type Victim, type World } from './world.js'

/** Where a new route needs a row. */
export const where = 'server/access-matrix/table.ts'

/** One call, without its method and path: the OpenAPI document has these. */
export interface Call {
  /** Parameters of the path. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** Who calls, when the caller of the table would be used up by it. */
  readonly as?: TestClient
}

/** What each caller must be answered. */
export interface Row {
  readonly rule: Rule
  /** What differs from the rule; `why` says the reason. */
  readonly but?: Partial<Record<Caller, Answers>>
  readonly why?: string
  /** The call with the victim's own ids, as whoever is not allowed to makes it. */
  readonly call?: (victim: Victim) => Call
  /** For those who may, where the call would use up what it names: the same call of something made for it. */
  readonly fresh?: (world: World, caller: Caller) => Promise<Call> | Call
  /** What it begins goes on afterwards, and only so many at once: a conflict is asked again, and the ends are awaited. */
  readonly waits?: boolean
  /** One more call that must succeed, where none of the callers may make it with success. */
  readonly succeeds?: (world: World) => Promise<Call>
}

const box = ({ sandboxId }: Victim): Call => ({ path: { id: sandboxId } })
const process = ({ sandboxId, processId }: Victim): Call => ({ path: { id: sandboxId, processId } })
/** One that is over, so that its output is whole, and can be forgotten. */
const endedProcess = async ({ callers, victim: { sandboxId } }: World): Promise<Call> => {
  const path = `/api/v1/sandboxes/${sandboxId}/processes`
  const started = await must(callers.owner, 'POST', path, { command: 'true' })
  await must(callers.owner, 'GET', `${path}/${started.id}?waitSeconds=10`)
  return { path: { id: sandboxId, processId: String(started.id) } }
}
const snapshot = ({ snapshotId }: Victim): Call => ({ path: { id: snapshotId } })
const volume = ({ volumeId }: Victim): Call => ({ path: { id: volumeId } })
const volumeFile =
  (path: string) =>
  (victim: Victim): Call => ({ ...volume(victim), query: { path } })
const withVolume =
  (body: object) =>
  (victim: Victim): Call => ({ ...volume(victim), body })
const newVolume = async ({ callers }: World) => {
  const name = `volume ${Math.random()}`
  return String((await must(callers.owner, 'POST', '/api/v1/volumes', { name, sizeMiB: 16 })).id)
}
const spare = ({ spareId }: Victim): Call => ({ path: { id: spareId } })
const file =
  (path: string) =>
  (victim: Victim): Call => ({ ...box(victim), query: { path } })
const withBody =
  (body: object) =>
  (victim: Victim): Call => ({ ...box(victim), body })
const key = ({ idempotencyKey }: Victim) => ({ 'idempotency-key': idempotencyKey })
const long = { finishedBefore: '2020-01-01T00:00:00Z' }
const schedule = {
  ...{ template: 'base', count: 1, at: '09:00', timeZone: 'Europe/Berlin', holdMinutes: 30 },
  days: ['monday'],
}
const made = { secret: 'made-up-by-somebody-who-guesses' }

/**
 * Who may make each call of the API, by its `operationId`. The rules are in `rules.ts`: `theirs` for what names
 * something of a tenant, `own` for what is about the caller's own, and so on.
 */
export const table: Readonly<Record<string, Row>> = {
  createSandbox: {
    rule: own,
    // Somebody else's idempotency key must not lead to what was made with it.
    call: (victim) => ({ body: { limits, network: 'none' }, headers: key(victim) }),
    fresh: () => ({ body: { limits, network: 'none' } }),
  },
  listSandboxes: {
    rule: own,
    call: ({ sandboxId }) => ({ query: { cursor: sandboxId } }),
    fresh: () => ({}),
  },
  getSandbox: { rule: looked, call: box },
  updateSandbox: {
    rule: kept,
    call: (victim) => ({ ...spare(victim), body: { metadata: { by: 'them' } } }),
  },
  keepSandboxAwake: { rule: typed, call: box },
  pauseSandbox: { rule: kept, call: spare },
  resumeSandbox: { rule: kept, call: spare },
  stopSandbox: { rule: kept, call: spare },
  startSandbox: { rule: kept, call: spare },
  execCommand: { rule: typed, call: withBody({ command: 'touch /home/user/intruder' }) },
  startProcess: { rule: typed, call: withBody({ command: 'touch /home/user/intruder' }) },
  listProcesses: { rule: looked, call: box },
  getProcess: { rule: looked, call: process },
  followProcess: { rule: looked, call: process, fresh: endedProcess },
  sendStdin: { rule: typed, call: (victim) => ({ ...process(victim), body: 'an intruder' }) },
  signalProcess: {
    rule: typed,
    call: (victim) => ({ ...process(victim), body: { signal: 'SIGWINCH' } }),
  },
  resizeProcess: {
    rule: typed,
    call: ({ sandboxId, terminalId }) => ({
      path: { id: sandboxId, processId: terminalId },
      body: { cols: 80, rows: 24 },
    }),
  },
  killProcess: { rule: typed, call: process, fresh: endedProcess },
  listLanguageServers: { rule: typed, call: box },
  listPorts: { rule: looked, call: box },
  sharePort: {
    rule: theirs,
    call: ({ sandboxId }) => ({ path: { id: sandboxId, port: '8000' }, body: { visibility: 'public' } }),
  },
  createShare: { rule: kept, call: withBody({ level: 'type' }) },
  listShares: { rule: kept, call: box },
  changeShare: {
    rule: theirs,
    call: ({ shareId }) => ({ path: { id: shareId }, body: { level: 'look' } }),
    fresh: async (world) => ({ path: { id: (await newShare(world)).id }, body: { level: 'look' } }),
  },
  deleteShare: {
    rule: theirs,
    call: ({ shareId }) => ({ path: { id: shareId } }),
    fresh: async (world) => ({ path: { id: (await newShare(world)).id } }),
  },
  listReceivedShares: { rule: account },
  acceptShare: {
    rule: {
      ...account,
      ...{ owner: 404, admin: 404, member: 404, stranger: 404, removed: 404, operator: 404 },
      ...sharedWith(404),
    },
    why: 'whoever has the secret may, and the callers have none that is good',
    call: () => ({ body: made }),
    succeeds: async (world) => ({
      as: (await world.person()).client,
      body: { secret: (await newShare(world)).secret },
    }),
  },
  leaveShare: {
    rule: {
      ...account,
      ...{ owner: 404, admin: 404, member: 404, stranger: 404, removed: 404, operator: 404 },
      ...sharedWith(404),
    },
    why: 'this sandbox is shared with nobody: guests would leave what the rows below need',
    call: () => ({ body: { sandboxId: 'sb_zzzzzzzzzzzzzzzzzzzz' } }),
    succeeds: async (world) => {
      const { client } = await world.person()
      await must(client, 'POST', '/api/v1/shares/accept', { secret: (await newShare(world)).secret })
      return { as: client, body: { sandboxId: world.victim.sandboxId } }
    },
  },
  previewShare: {
    rule: secret,
    call: () => ({ body: made }),
    succeeds: async (world) => ({ body: { secret: (await newShare(world)).secret } }),
  },
  createSnapshot: { rule: kept, call: withBody({}) },
  listSnapshots: { rule: own },
  getSnapshot: { rule: theirs, call: snapshot },
  packSnapshot: { rule: theirs, call: (victim) => ({ ...snapshot(victim), query: { path: '/etc/passwd' } }) },
  changeSnapshot: {
    rule: theirs,
    call: (victim) => ({ ...snapshot(victim), body: { name: 'the same for all' } }),
  },
  deleteSnapshot: {
    rule: theirs,
    call: snapshot,
    fresh: async ({ callers, victim: { sandboxId } }) => {
      const taken = await must(callers.owner, 'POST', `/api/v1/sandboxes/${sandboxId}/snapshots`, {})
      return { path: { id: String(taken.id) } }
    },
  },
  restoreSnapshot: {
    rule: kept,
    call: ({ spareId, snapshotId }) => ({ path: { id: spareId }, body: { snapshot: snapshotId } }),
  },
  forkSandbox: { rule: kept, call: (victim) => ({ ...spare(victim), body: {} }) },
  listChanges: { rule: looked, call: box },
  listTerminals: { rule: looked, call: box },
  openTerminal: { rule: typed, call: withBody({}) },
  closeTerminal: {
    rule: typed,
    call: ({ sandboxId, terminalId }) => ({ path: { id: sandboxId, terminalId } }),
    fresh: async ({ callers, victim: { sandboxId } }) => {
      const opened = await must(callers.owner, 'POST', `/api/v1/sandboxes/${sandboxId}/terminals`, {})
      return { path: { id: sandboxId, terminalId: String(opened.id) } }
    },
  },
  statFile: { rule: looked, call: file('diary') },
  listFiles: { rule: looked, call: file('.') },
  makeDirectory: { rule: typed, call: withBody({ path: 'made/by/somebody' }) },
  readFile: { rule: looked, call: file('diary') },
  writeFile: { rule: typed, call: (victim) => ({ ...file('written')(victim), body: 'an intruder' }) },
  moveFile: {
    rule: typed,
    call: withBody({ from: 'diary', to: 'diary-of-an-intruder' }),
    fresh: ({ victim }) => ({ ...box(victim), body: { from: 'written', to: 'written', overwrite: true } }),
  },
  copyFile: {
    rule: typed,
    call: withBody({ from: 'diary', to: 'diary-of-an-intruder' }),
    fresh: ({ victim }) => withBody({ from: 'written', to: 'copied', overwrite: true })(victim),
  },
  changeFileMode: {
    rule: typed,
    call: withBody({ path: 'diary', mode: '777' }),
    fresh: ({ victim }) => withBody({ path: 'written', mode: '600' })(victim),
  },
  searchFiles: { rule: looked, call: (victim) => ({ ...box(victim), query: { query: 'confidential' } }) },
  watchFiles: { rule: looked, call: box },
  signFileUrl: { rule: kept, call: withBody({ path: 'diary' }) },
  readSignedFile: {
    rule: open,
    why: 'whoever has the URL may read this one file',
    call: ({ signedRead }) => ({ query: { token: signedRead } }),
  },
  writeSignedFile: {
    rule: signature,
    why: 'a URL that reads a file does not replace it',
    call: ({ signedRead }) => ({ query: { token: signedRead }, body: 'an intruder' }),
    succeeds: async ({ victim }) => ({ query: { token: victim.signedWrite }, body: 'by who has the URL' }),
  },
  readArchive: { rule: looked, call: file('.') },
  // The end of an archive is two empty blocks.
  writeArchive: {
    rule: typed,
    call: (victim) => ({ ...file('unpacked')(victim), body: '\0'.repeat(1024) }),
  },
  deleteFile: {
    rule: typed,
    call: file('diary'),
    fresh: async (world) => {
      const { callers, victim } = world
      await must(callers.owner, 'PUT', `/api/v1/sandboxes/${victim.sandboxId}/files?path=old`, 'x')
      return file('old')(victim)
    },
  },
  deleteSandbox: {
    rule: kept,
    call: box,
    fresh: async (world) => ({ path: { id: await world.sandbox() } }),
  },
  createVolume: {
    rule: own,
    but: { strangerKey: 409, operatorKey: 409 },
    why: 'a name is free once in each tenant, and these come second',
    call: () => ({ body: { name: 'confidential', sizeMiB: 16 } }),
    fresh: () => ({ body: { name: `volume ${Math.random()}`, sizeMiB: 16 } }),
  },
  listVolumes: {
    rule: own,
    call: ({ volumeId }) => ({ query: { cursor: volumeId } }),
    fresh: () => ({}),
  },
  getVolume: { rule: theirs, call: volume },
  changeVolume: { rule: theirs, call: withVolume({ sizeMiB: 32 }) },
  deleteVolume: {
    rule: theirs,
    call: volume,
    fresh: async (world) => ({ path: { id: await newVolume(world) } }),
  },
  createVolumeSnapshot: { rule: theirs, call: withVolume({}) },
  listVolumeSnapshots: { rule: own, call: ({ volumeId }) => ({ query: { volume: volumeId } }) },
  deleteVolumeSnapshot: {
    rule: theirs,
    call: ({ volumeSnapshotId }) => ({ path: { id: volumeSnapshotId } }),
    fresh: async ({ callers, victim: { volumeId } }) => {
      const taken = await must(callers.owner, 'POST', `/api/v1/volumes/${volumeId}/snapshots`, {})
      return { path: { id: String(taken.id) } }
    },
  },
  statVolumeFile: { rule: theirs, call: volumeFile('/diary') },
  listVolumeFiles: { rule: theirs, call: volumeFile('/') },
  readVolumeFile: { rule: theirs, call: volumeFile('/diary') },
  readVolumeArchive: { rule: theirs, call: volumeFile('/') },
  writeVolumeFile: {
    rule: theirs,
    call: (victim) => ({ ...volumeFile('/written')(victim), body: 'an intruder' }),
  },
  moveVolumeFile: {
    rule: theirs,
    call: withVolume({ from: '/diary', to: '/diary-of-an-intruder' }),
    fresh: ({ victim }) => withVolume({ from: '/written', to: '/written', overwrite: true })(victim),
  },
  copyVolumeFile: {
    rule: theirs,
    call: withVolume({ from: '/diary', to: '/diary-of-an-intruder', overwrite: true }),
  },
  changeVolumeFileMode: { rule: theirs, call: withVolume({ path: '/written', mode: '600' }) },
  makeVolumeDirectory: { rule: theirs, call: withVolume({ path: '/made/by/somebody' }) },
  deleteVolumeFile: {
    rule: theirs,
    call: volumeFile('/diary'),
    fresh: async ({ callers, victim }) => {
      await must(callers.owner, 'PUT', `/api/v1/volumes/${victim.volumeId}/files?path=/old`, 'x')
      return volumeFile('/old')(victim)
    },
  },
  // The end of an archive is two empty blocks.
  writeVolumeArchive: {
    rule: theirs,
    call: (victim) => ({ ...volumeFile('/unpacked')(victim), body: '\0'.repeat(1024) }),
  },
  listTemplates: { rule: own },
  importOwnTemplate: {
    rule: own,
    // Whatever somebody calls theirs, it takes the place of nothing of others.
    call: ({ templateName }) => ({ path: { name: templateName }, body: tiny(), headers: asBytes }),
    fresh: () => ({ path: { name: 'another' }, body: tiny(), headers: asBytes }),
  },
  createTemplate: {
    rule: { ...theirs, owner: 404, admin: 404, member: 404, key: 404, memberKey: 404 },
    why: 'nothing was pushed: server/registry/registry.test.ts has the rest',
    call: () => ({ body: { name: 'pushed', from: { image: 'confidential:1' } } }),
  },
  deleteOwnTemplate: {
    rule: theirs,
    call: ({ spareTemplate }) => ({ path: { name: spareTemplate } }),
    fresh: async ({ callers }, caller) => {
      const name = `of-${caller.toLowerCase()}`
      await must(callers.owner, 'PUT', `/api/v1/templates/${name}/image`, tiny(), asBytes)
      return { path: { name } }
    },
  },
  startBuild: {
    rule: own,
    waits: true,
    call: () => ({ path: { name: 'built' }, body: buildForm(), headers: asForm }),
    fresh: () => ({ path: { name: 'another' }, body: buildForm(), headers: asForm }),
  },
  listBuilds: { rule: own },
  getBuild: { rule: theirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  followBuild: { rule: theirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  cancelBuild: { rule: theirs, call: ({ buildId }) => ({ path: { name: 'built', id: buildId } }) },
  listLanguages: { rule: own },
  createRun: {
    rule: own,
    call: (victim) => ({ body: { command: 'echo confidential', wait: true }, headers: key(victim) }),
  },
  listRuns: { rule: own, call: ({ runId }) => ({ query: { search: runId } }) },
  // Everybody's runs are over by then; the victim's must stay when others say so.
  deleteFinishedRuns: {
    rule: own,
    call: () => ({ query: { finishedBefore: new Date(Date.now() + 60_000).toISOString() } }),
    fresh: () => ({ query: long }),
  },
  getRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId }, query: { request: 'true' } }) },
  followRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId } }) },
  cancelRun: { rule: theirs, call: ({ runId }) => ({ path: { id: runId } }) },
  getCallbackSecret: { rule: read },
  getMe: { rule: own },
  createTenant: { rule: account, call: () => ({ body: { name: 'One more' } }) },
  renameTenant: { rule: owners, call: () => ({ body: { name: 'Renamed' } }) },
  activateTenant: {
    rule: { ...theirs, ...keys },
    call: ({ tenantId }) => ({ path: { id: tenantId } }),
  },
  listMembers: { rule: own },
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
      ...{ owner: 403, admin: 403, member: 403, stranger: 403, removed: 403, operator: 403 },
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
  listApiKeys: { rule: manage },
  createApiKey: { rule: manage, call: () => ({ body: { name: 'another' } }) },
  deleteApiKey: {
    rule: manageTheirs,
    call: ({ keyId }) => ({ path: { id: keyId } }),
    fresh: async ({ callers }) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/keys', { name: 'short-lived' })
      return { path: { id: String(id) } }
    },
  },
  getQuota: { rule: own },
  getUsage: { rule: own },
  getDiskUse: { rule: own },
  getUsageCsv: { rule: own },
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
    but: { admin: 404, member: 404 },
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
  previewAccountDeletion: { rule: account },
  deleteAccount: {
    rule: {
      ...account,
      ...{ owner: 403, admin: 403, member: 403, stranger: 403, removed: 403, operator: 403 },
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
  listUsers: { rule: operators },
  createResetLink: { rule: operators, call: ({ ownerId }) => ({ path: { id: ownerId }, body: {} }) },
  getNode: { rule: operators },
  listNodes: { rule: operators },
  addNode: {
    rule: { ...operators, operator: 409, operatorKey: 409 },
    why: 'the only node there is is registered already',
    call: ({ socketPath }) => ({ body: { name: 'another', address: { socketPath } } }),
  },
  updateNode: {
    rule: operators,
    call: ({ nodeId }) => ({ path: { id: nodeId }, body: { labels: { zone: 'a' } } }),
  },
  removeNode: {
    rule: { ...operators, operator: 409, operatorKey: 409 },
    why: 'a node that has sandboxes stays',
    call: ({ nodeId }) => ({ path: { id: nodeId } }),
  },
  getPools: { rule: operators },
  saveSchedule: { rule: operators, call: () => ({ path: { name: 'lesson' }, body: schedule }) },
  deleteSchedule: { rule: operators, call: () => ({ path: { name: 'lesson' } }) },
  preWarm: { rule: operators, call: () => ({ body: { template: 'base', count: 1, holdMinutes: 1 } }) },
  cancelPreWarm: { rule: operators, call: () => ({ path: { id: 'nothing' } }) },
  importTemplate: {
    rule: operators,
    but: { operator: 400, operatorKey: 400 },
    why: 'nothing is no image',
    call: () => ({ path: { name: 'imported' } }),
  },
  deleteTemplate: { rule: operators, call: () => ({ path: { name: 'imported' } }) },
  listQuarantine: { rule: operators },
  quarantineSandbox: {
    rule: operators,
    but: { operator: 409, operatorKey: 409 },
    why: 'only a sandbox that the database does not know can be put into quarantine',
    call: ({ sandboxId }) => ({ body: { sandboxId } }),
  },
  restoreSandbox: {
    rule: operators,
    call: ({ quarantineId }) => ({ path: { id: quarantineId }, body: {} }),
    fresh: async (world) => ({ path: { id: await world.quarantined() }, body: {} }),
  },
  deleteQuarantined: {
    rule: operators,
    call: ({ quarantineId }) => ({ path: { id: quarantineId } }),
    fresh: async (world) => ({ path: { id: await world.quarantined() } }),
  },
  getInstallation: { rule: operators },
  adoptNode: {
    rule: operators,
    call: () => ({ body: { node: null } }),
    fresh: async ({ callers }) => {
      const { node } = await must(callers.operatorKey, 'GET', '/api/v1/admin/installation')
      return { body: { node } }
    },
  },
  listTenants: { rule: operators },
  updateTenantQuota: {
    rule: operators,
    call: ({ tenantId }) => ({ path: { id: tenantId }, body: { quota: { cpus: 9 } } }),
  },
  pauseTenant: {
    rule: operators,
    call: ({ tenantId }) => ({ path: { id: tenantId } }),
    fresh: async ({ person }) => ({ path: { id: (await person()).tenantId } }),
  },
  resumeTenant: { rule: operators, call: ({ tenantId }) => ({ path: { id: tenantId } }) },
}

async function resetSecret({ callers, person }: World): Promise<string> {
  const { id } = await person()
  const { url } = await must(callers.operatorKey, 'POST', `/api/v1/admin/users/${id}/reset-link`, {})
  return new URL(url).hash.slice(1)
}

async function newShare({ callers, victim: { sandboxId } }: World): Promise<{ id: string; secret: string }> {
  const shared = await must(callers.owner, 'POST', `/api/v1/sandboxes/${sandboxId}/shares`, {})
  return { id: String(shared.id), secret: new URL(shared.url).hash.slice(1) }
}

/** Keys alone are let in: whom a repository is of, server/registry/registry.test.ts says. */
const registry: Row = {
  rule: { ...everybodyIs(401), key: 404, memberKey: 404, strangerKey: 404, operatorKey: 404 },
  why: 'no repository is called so',
}

/** Routes that the OpenAPI document does not have. */
export const hidden: Readonly<Record<string, Row>> = {
  'GET /healthz': { rule: open },
  'GET /readyz': { rule: open },
  'GET /api/openapi.json': { rule: open },
  'GET /metrics': { rule: operators },
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [`${method} /v2/*`, registry]),
  ),
  'GET /api/previews/open': {
    rule: refused,
    why: 'what it needs comes from the origin of a preview: server/previews/previews.test.ts has the rest',
  },
}
