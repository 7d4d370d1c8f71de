import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { thaw } from '../cgroup/freezer.js'
import { endCgroup } from '../cgroup/hierarchy.js'
import { disconnect, interfaceNames } from '../network/veth.js'
import { removeMountPoints } from '../rootfs/rootfs.js'
import { destroyVolume, dropStaleQgroups } from '../rootfs/volume.js'
import * as lifecycle from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

/**
 * Removes what no sandbox uses any more: containers, disks of runs, interfaces, cgroups, mounts. A disk without a record
 * is set aside instead. What cannot be removed stays until the next start.
 *
 * @param left names of containers that nobody could account for: nothing of theirs is touched
 */
export async function sweep(
  node: NodeContext,
  kept: readonly SandboxRecord[],
  left: ReadonlySet<string>,
): Promise<void> {
  const ids = new Set([...kept.map((sandbox) => sandbox.id), ...left])
  const attempt = async (what: string, act: () => void | Promise<void>) => {
    try {
      await act()
    } catch (error) {
      node.log.error({ err: error }, `${what} stays until the next start`)
    }
  }
  for (const ociRuntime of node.ociRuntimes.all) {
    for (const id of await ociRuntime.list()) {
      if (!ids.has(id)) await attempt(`container ${id}`, () => ociRuntime.remove(id))
    }
  }
  mkdirSync(node.passing.bundles, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(node.passing.bundles)) {
    if (ids.has(name)) continue
    await attempt(`bundle ${name}`, () => rmSync(join(node.passing.bundles, name), { recursive: true }))
  }
  await sweepVolumes(node, ids, attempt)
  await attempt('a quota group without a disk', () => dropStaleQgroups(node.disk))
  const linked = kept.filter((sandbox) => sandbox.init !== null && lifecycle.isLinked(sandbox))
  const links = linked.map((sandbox) => lifecycle.linkOf(node, sandbox))
  for (const one of linked) await node.network.adopt(lifecycle.linkOf(node, one), lifecycle.linkPolicyOf(one))
  await node.network.keep(links)
  for (const name of interfaceNames(node.slot.interfacePrefix)) {
    if (!links.some((link) => link.name === name)) await attempt(`interface ${name}`, () => disconnect(name))
  }
  for (const entry of readdirSync(node.scratch, { withFileTypes: true })) {
    const path = join(node.scratch, entry.name)
    await attempt(`${entry.name} in scratch`, () =>
      entry.isDirectory() ? removeMountPoints(path) : rmSync(path),
    )
  }
  await sweepCgroups(node, new Set(kept.map((sandbox) => sandbox.cgroup)))
}

async function sweepVolumes(
  node: NodeContext,
  ids: ReadonlySet<string>,
  attempt: (what: string, act: () => void) => Promise<void>,
): Promise<void> {
  const strange = (root: string) =>
    existsSync(join(node.disk, root))
      ? readdirSync(join(node.disk, root)).filter((name) => !ids.has(name))
      : [] // a disk of an earlier version that is read-only
  // Everything there was made for a run, and no run outlives its runtime.
  for (const name of strange('runs')) {
    await attempt(`the disk ${name} of a run`, () => destroyVolume(join(node.disk, 'runs', name)))
  }
  for (const name of strange('sandboxes')) {
    // One that was made since the records were read has one by now: it is written before the disk is made.
    if (existsSync(join(node.boxes, name))) continue
    if (!/^b[0-9]+$/.test(name)) {
      node.problems.add(`${name} among the disks of sandboxes is none, and was left as it is`)
      continue
    }
    await attempt(`the disk ${name}`, () => {
      const reason = 'there was a disk and no record'
      const id = node.quarantine.add(name, { cause: 'missing_record', reason })
      node.log.error({ id, name, reason }, 'a sandbox was put into quarantine with its disk')
    })
  }
}

async function sweepCgroups(node: NodeContext, kept: ReadonlySet<string>): Promise<void> {
  for (const mount of node.hierarchy.mounts) {
    for (const parent of directories(join(mount, node.cgroupRoot))) {
      const path = join(node.cgroupRoot, parent)
      for (const leaf of directories(join(mount, path))) {
        if (kept.has(join(path, leaf))) continue
        await thaw(node.hierarchy, join(path, leaf)).catch(() => {}) // not everywhere is there a freezer file
        await endCgroup(node.hierarchy, join(path, leaf)).catch((error: unknown) =>
          node.log.warn({ error, cgroup: join(path, leaf) }, 'a stray cgroup stays'),
        )
      }
    }
  }
}

function directories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return [] // not made yet
  }
}
