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
export function filesOf(node: NodeContext, box: SandboxRecord): FilesRoot {
  const gone = () => notRunning(box.sandboxId ?? box.id, box.state === 'running' ? 'ending' : box.state)
  if (box.init === null || !isAlive(box)) throw gone()
  const fd = openProcessRoot(node.ociRuntimes.of(box.isolation).rootOf(box.id, box.init.pid))
  // Looked at again after it was opened: a pid that was handed on meanwhile is another process's.
  if (isAlive(box)) return new FilesRoot(fd, node.slot.uidBase(box.index))
  closeSync(fd)
  throw gone()
}
