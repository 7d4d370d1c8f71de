import { type Identity, type InsideUser, identityOf } from '../container/spec.js'
import { isExiting } from '../linux/process.js'
import type { Place } from '../process/start.js'
import { isAlive } from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

/** Where the runtime starts a sandbox's processes. */
export function placeOf(node: NodeContext, sandbox: SandboxRecord): Place {
  return {
    ...{ container: sandbox.id, ociRuntime: node.ociRuntimes.of(sandbox.isolation) },
    ...{ scratch: node.scratch, log: node.log },
    isAlive: () => sandbox.init !== null && isAlive(sandbox) && !isExiting(sandbox.init.pid),
    asTenants: (start) => start(),
  }
}

/** A user of a sandbox, as the host counts. */
export const hostUidOf = (node: NodeContext, sandbox: SandboxRecord, user: InsideUser): number =>
  node.slot.uidBase(sandbox.index) + insideOf(sandbox, user).uid

/** A user of a sandbox, as its image has them. */
export const insideOf = (sandbox: SandboxRecord, user: InsideUser): Identity =>
  identityOf(user, sandbox.image)
