import { z } from 'zod'
import type { Sandbox as Row } from '../../prisma/generated/client.js'
import {
  isolation,
  restartPolicy,
  type SandboxWithUsage,
  type StoredVolumeMount,
  sandbox,
  sandboxState,
  storedLimits,
  storedVolumeMount,
} from '../../protocol/api/index.js'
import { storedNetwork } from '../../protocol/api/stored-network.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { presentOwner } from '../auth/copies.js'

/**
 * What was accepted once stays readable, whatever this version accepts. A word that only a later version knows, in one row,
 * must not cost a tenant its list.
 */
const stored = {
  state: sandboxState.catch('failed'),
  isolation: isolation.catch('standard'),
  asleep: sandbox.shape.asleep.catch(null),
  restart: restartPolicy.catch('no'),
  metadata: z.record(z.string(), z.string()).catch({}),
}
const seconds = z.number().optional()
const storedIdle = z.object({ pauseAfterSeconds: seconds, stopAfterSeconds: seconds }).nullable().catch(null)

/** A sandbox as people see it, from its row and, where the runtime knows it, its life. */
export function present(
  row: Omit<Row, 'env' | 'metered'>,
  statuses: RuntimeSandbox | undefined,
): SandboxWithUsage {
  return {
    id: row.id,
    name: row.name,
    template: row.template,
    // Between the row and the claim's answer the runtime may know more, or less.
    state: statuses === undefined ? stored.state.parse(row.state) : statuses.state,
    failure: statuses?.failure ?? row.failure,
    limits: storedLimits.parse(row.limits),
    network: storedNetwork.parse(row.network),
    isolation: stored.isolation.parse(row.isolation),
    ttlSeconds: row.ttlSeconds,
    metadata: stored.metadata.parse(row.metadata),
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    ...presentOwner(row.ownerId),
    startedAt: row.startedAt?.toISOString() ?? null,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    idle: storedIdle.parse(row.idle),
    restart: stored.restart.parse(row.restart),
    asleep: stored.asleep.parse(row.asleep),
    snapshot: row.snapshotId,
    volumes: volumesOf(row),
    assignment: row.assignmentId,
    access: 'full',
    sleepsSoon: sleepsSoon(row, statuses?.state ?? row.state),
    service: statuses?.service ?? null,
    usage: statuses?.usage ?? null,
    incidents: statuses?.incidents ?? [],
  }
}

/** The volumes that are mounted in it. */
export const volumesOf = ({ volumes }: Pick<Row, 'volumes'>): StoredVolumeMount[] =>
  z.array(storedVolumeMount).parse(volumes ?? [])

/** How long before a sandbox is put to sleep it is told, at most. */
const warnedSeconds = 120

/** Whether it is put to sleep soon, as `Sleep` decides it. */
function sleepsSoon(
  { idle, asleep, activeAt }: Pick<Row, 'idle' | 'asleep' | 'activeAt'>,
  state: string,
): SandboxWithUsage['sleepsSoon'] {
  const { pauseAfterSeconds, stopAfterSeconds } = storedIdle.parse(idle) ?? {}
  const after = Math.min(
    pauseAfterSeconds ?? Number.POSITIVE_INFINITY,
    stopAfterSeconds ?? Number.POSITIVE_INFINITY,
  )
  if (after === Number.POSITIVE_INFINITY || asleep !== null || state !== 'running') return null
  const inSeconds = Math.max(0, after - (Date.now() - activeAt.getTime()) / 1000)
  if (inSeconds > Math.min(warnedSeconds, after / 2)) return null
  return { how: after === stopAfterSeconds ? 'stopped' : 'paused', inSeconds }
}

/** The host name inside: what a person called the sandbox, as far as DNS allows. */
export function hostnameOf(name: string): string {
  const label = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return label || 'sandbox'
}
