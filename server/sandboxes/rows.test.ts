import { expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { present } from './rows.js'

const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }
const row = {
  ...{ id: newId('sb'), tenantId: newId('tn'), ownerId: '', name: 'old', template: 'base', failure: null },
  ...{ state: 'running', limits, network: 'none', isolation: 'standard', metadata: {}, ttlSeconds: null },
  ...{ createdBy: null, createdAt: new Date(0), startedAt: null, expiresAt: null, deletedAt: null },
  ...{ nodeId: null, creation: null, idle: null, activeAt: new Date(0), asleep: null, snapshotId: null },
  ...{
    templateId: null,
    restart: 'no',
    stopWanted: false,
    restartAt: null,
    restarts: 0,
    frozenBy: null,
    volumes: null,
  },
  ...{ service: null, stackId: null, assignmentId: null, keyId: null },
}

it.each([
  ['of a state', { state: 'hibernated' }, { state: 'failed' }],
  ['of an isolation', { isolation: 'vm' }, { isolation: 'standard' }],
  ['of a network that is not known', { network: { deny: ['a'] } }, { network: 'none' }],
  ['of names', { network: { allow: ['*.a'], ports: [1] } }, { network: { allow: ['*.a'] } }],
  [
    'of when it sleeps',
    { idle: { stopAfterSeconds: 5, deleteAfterSeconds: 9 } },
    { idle: { stopAfterSeconds: 5 } },
  ],
  ['of how it sleeps', { asleep: 'hibernated' }, { asleep: null }],
  ['of a restart', { restart: 'always' }, { restart: 'no' }],
  ['of limits', { limits: { ...limits, cpus: 1000, gpus: 1 } }, { limits: { ...limits, cpus: 1000 } }],
])('a row in which a later version wrote more %s is shown as far as it is understood', (_, over, shown) => {
  expect(present({ ...row, ...over }, undefined)).toMatchObject(shown)
})
