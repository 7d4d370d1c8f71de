import {
  createSandbox,
  displayName,
  type ForkSandbox,
  newId,
  type SandboxWithUsage,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Row as SandboxRow } from '../sandboxes/ownership.js'
import { volumesOf } from '../sandboxes/rows.js'
import type { SandboxService } from '../sandboxes/service.js'

/** Sandboxes that are made like another one, from a snapshot of its disk. */
export class Forks {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /** All of them, or none. @throws ApiError as creating a sandbox */
  async make(
    who: Principal,
    of: SandboxRow,
    snapshot: string,
    { count, name, volumes = volumesOf(of) }: ForkSandbox,
  ): Promise<SandboxWithUsage[]> {
    const like = createSandbox.parse({
      ...{ snapshot, limits: of.limits, network: of.network, isolation: of.isolation },
      ...{ env: of.env, metadata: of.metadata, idle: of.idle, restart: of.restart, volumes },
      ...(of.ttlSeconds === null ? {} : { ttlSeconds: of.ttlSeconds }),
    })
    const makeOne = (_: unknown, at: number) =>
      this.sandboxes.create(who, { ...like, name: forkName(of.name, name, at, count) })
    const made = await Promise.allSettled(Array.from({ length: count }, makeOne))
    const forks = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const failed = made.find((one) => one.status === 'rejected')
    if (failed !== undefined) {
      await Promise.allSettled(forks.map(({ id }) => this.sandboxes.remove(who, id)))
      throw failed.reason
    }
    // What it was made from is gone when the call is answered.
    await this.database.prisma.sandbox.updateMany({
      where: { id: { in: forks.map(({ id }) => id) } },
      data: { snapshotId: of.snapshotId },
    })
    await audit(this.database.prisma, who, 'sandbox.fork', of.id, {
      forks: forks.map(({ id }) => id).join(' '),
    })
    return forks.map((fork) => ({ ...fork, snapshot: of.snapshotId }))
  }
}

/** As somebody wants it, with a number when there are several; or one that is made up. */
function forkName(of: string, wanted: string | undefined, at: number, count: number): string {
  const end = wanted === undefined ? ` fork ${newId('sb').slice(-4)}` : count === 1 ? '' : ` ${at + 1}`
  return displayName.parse(`${(wanted ?? of).slice(0, 64 - end.length)}${end}`)
}
