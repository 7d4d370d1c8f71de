import { newPublicKey } from '../../../testing/ssh-key.js'
import {
  account,
  kept,
  looked,
  own,
  secret,
  sharedWith,
  staffKept,
  staffTheirs,
  theirs,
  typed,
} from '../rules.js'
import { limits, must, type Victim, type World } from '../world.js'
import { box, type Call, key, made, type Row, withBody } from './row.js'

const process = ({ sandboxId, processId }: Victim): Call => ({ path: { id: sandboxId, processId } })
/** One that is over, so that its output is whole, and can be forgotten. */
const endedProcess = async ({ callers, victim: { sandboxId } }: World): Promise<Call> => {
  const path = `/api/v1/sandboxes/${sandboxId}/processes`
  const started = await must(callers.owner, 'POST', path, { command: 'true' })
  await must(callers.owner, 'GET', `${path}/${started.id}?waitSeconds=10`)
  return { path: { id: sandboxId, processId: String(started.id) } }
}
const snapshot = ({ snapshotId }: Victim): Call => ({ path: { id: snapshotId } })
const spare = ({ spareId }: Victim): Call => ({ path: { id: spareId } })

/** What is done with a sandbox, and in it. */
export const sandboxRows: Readonly<Record<string, Row>> = {
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
    rule: staffKept,
    call: ({ sandboxId }) => ({ path: { id: sandboxId, port: '8000' }, body: { visibility: 'public' } }),
  },
  openSshAccess: {
    rule: typed,
    call: (victim) => ({ ...box(victim), body: { publicKey: newPublicKey() } }),
    fresh: ({ victim }) => ({ ...box(victim), body: { publicKey: newPublicKey() } }),
  },
  createShare: { rule: staffKept, call: withBody({ level: 'type' }) },
  listShares: { rule: staffKept, call: box },
  changeShare: {
    rule: staffTheirs,
    call: ({ shareId }) => ({ path: { id: shareId }, body: { level: 'look' } }),
    fresh: async (world) => ({ path: { id: (await newShare(world)).id }, body: { level: 'look' } }),
  },
  deleteShare: {
    rule: staffTheirs,
    call: ({ shareId }) => ({ path: { id: shareId } }),
    fresh: async (world) => ({ path: { id: (await newShare(world)).id } }),
  },
  listReceivedShares: { rule: account },
  acceptShare: {
    rule: {
      ...account,
      ...{ owner: 404, admin: 404, member: 404, student: 404, stranger: 404, removed: 404, operator: 404 },
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
      ...{ owner: 404, admin: 404, member: 404, student: 404, stranger: 404, removed: 404, operator: 404 },
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
  createSnapshotImage: {
    rule: staffTheirs,
    // Whatever somebody calls theirs, it takes the place of nothing of others.
    call: (victim) => ({ ...snapshot(victim), body: { image: 'of-a-snapshot:1' } }),
  },
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
  deleteSandbox: {
    rule: kept,
    call: box,
    fresh: async (world) => ({ path: { id: await world.sandbox() } }),
  },
}

async function newShare({ callers, victim: { sandboxId } }: World): Promise<{ id: string; secret: string }> {
  const shared = await must(callers.owner, 'POST', `/api/v1/sandboxes/${sandboxId}/shares`, {})
  return { id: String(shared.id), secret: new URL(shared.url).hash.slice(1) }
}
