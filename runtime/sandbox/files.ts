import { closeSync } from 'node:fs'
import { notRunning } from '../errors.js'
import { FilesRoot, openProcessRoot } from '../files/root.js'
import { isAlive } from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

/**
 * The files of a sandbox that runs or is paused.
 * @throws RuntimeRefusal `sandbox_not_running`
 */
export function filesOf(node: NodeContext, sandbox: SandboxRecord): FilesRoot {
  const gone = () =>
    notRunning(sandbox.sandboxId ?? sandbox.id, sandbox.state === 'running' ? 'ending' : sandbox.state)
  if (sandbox.init === null || !isAlive(sandbox)) throw gone()
  const fd = openProcessRoot(node.ociRuntimes.of(sandbox.isolation).rootOf(sandbox.id, sandbox.init.pid))
  // Looked at again after it was opened: a pid that was handed on meanwhile is another process's.
  if (isAlive(sandbox)) return new FilesRoot(fd, node.slot.uidBase(sandbox.index))
  closeSync(fd)
  throw gone()
}
