import { closeSync } from 'node:fs'
import type { WatchEvent } from '../../protocol/api/index.js'
import { notRunning } from '../errors.js'
import { FilesRoot, openMountedRoot, openProcessRoot } from '../files/root.js'
import type { Rootfs } from '../rootfs/rootfs.js'
import type { Watching } from '../watch/following.js'
import type { WatchWanted } from '../watch/watches.js'
import { isAlive, openRootfs } from './lifecycle.js'
import type { NodeContext } from './node.js'
import { insideOf } from './place.js'
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
  if (isAlive(sandbox))
    return new FilesRoot(fd, node.slot.uidBase(sandbox.index), () => {}, insideOf(sandbox, 'user'))
  closeSync(fd)
  throw gone()
}

/**
 * The files of a sandbox that is stopped, and stays so until this returns. Its root is mounted for the time of the call; one that
 * is started meanwhile uses the same mount.
 */
export async function stoppedFiles(node: NodeContext, sandbox: SandboxRecord): Promise<FilesRoot> {
  node.diskReserve.assertWritable()
  const rootfs = await openRootfs(node, sandbox)
  return mountedFiles(node, sandbox.id, rootfs, node.slot.uidBase(sandbox.index), insideOf(sandbox, 'user'))
}

/**
 * Has changes told in a sandbox as it is now: it runs or is paused, or is stopped, and stays so until this returns. The root of
 * one that is stopped stays mounted as long.
 */
export async function watchNow(
  node: NodeContext,
  sandbox: SandboxRecord,
  wanted: WatchWanted,
  hear: (event: WatchEvent) => void,
): Promise<Watching> {
  const [sandboxId, tenantId] = [sandbox.sandboxId ?? '', sandbox.tenantId ?? '']
  if (sandbox.init !== null) {
    using root = filesOf(node, sandbox)
    return { leave: await node.watches.watch(root, wanted, { sandboxId, tenantId, hear }) }
  }
  const root = await stoppedFiles(node, sandbox)
  let open = true
  const close = () => {
    if (open) root[Symbol.dispose]()
    open = false
  }
  try {
    const leave = await node.watches.watch(root, wanted, {
      ...{ sandboxId, tenantId },
      hear: (event) => {
        if (event.type === 'end') close()
        hear(event)
      },
    })
    return { leave: () => leave().finally(close) }
  } catch (error) {
    close()
    throw error
  }
}

/**
 * The files of a root that is mounted, which is left with them.
 * @param id of what it is, for the log
 */
export function mountedFiles(
  node: Pick<NodeContext, 'log'>,
  id: string,
  rootfs: Rootfs,
  uidBase: number,
  user?: FilesRoot['user'],
): FilesRoot {
  const close = () =>
    void rootfs[Symbol.asyncDispose]().then(undefined, (error: unknown) =>
      node.log.error({ error, id }, 'the root of a stopped sandbox, or of a snapshot, stays mounted'),
    )
  try {
    return new FilesRoot(openMountedRoot(rootfs.path), uidBase, close, user)
  } catch (error) {
    close()
    throw error
  }
}
