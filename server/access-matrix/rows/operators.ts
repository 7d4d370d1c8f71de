import { operators } from '../rules.js'
import { must } from '../world.js'
import type { Row } from './row.js'

const schedule = {
  ...{ template: 'base', count: 1, at: '09:00', timeZone: 'Europe/Berlin', holdMinutes: 30 },
  days: ['monday'],
}

/** What is for operators. */
export const operatorRows: Readonly<Record<string, Row>> = {
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
  restoreDisk: {
    rule: operators,
    call: ({ orphanDiskId }) => ({ path: { id: orphanDiskId }, body: {} }),
    fresh: async (world) => ({ path: { id: await world.orphaned() }, body: {} }),
  },
  deleteDisk: {
    rule: operators,
    call: ({ orphanDiskId }) => ({ path: { id: orphanDiskId } }),
    fresh: async (world) => ({ path: { id: await world.orphaned() } }),
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
  getPrivacy: { rule: operators },
  changePrivacy: { rule: operators, call: () => ({ body: { activityDays: 180 } }) },
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
