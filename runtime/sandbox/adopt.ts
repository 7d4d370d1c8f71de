import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { thaw } from '../cgroup/freezer.js'
import { endCgroup } from '../cgroup/hierarchy.js'
import { disconnect, interfaceNames } from '../network/veth.js'
import { removeMountPoints } from '../rootfs/rootfs.js'
import { destroyVolume, dropStaleQgroups } from '../rootfs/volume.js'
import * as life from './life.js'
import { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import { type Record, readRecords } from './record.js'

/**
 * What an earlier runtime left: sandboxes that still run go on unnoticed, those whose processes are gone (a
 * reboot, say) are stopped with their disk kept, pooled ones wait again. Whatever nobody can account for
 * (half-made sandboxes, containers, volumes, interfaces, cgroups without a record) is destroyed.
 */
export async function adopt(node: NodeContext): Promise<{ claimed: Record[]; pooled: Record[] }> {
  const records = [node.boxes, node.passing.boxes].flatMap((root) =>
    readRecords(root, (directory, error) => {
      node.log.warn({ directory, error }, 'removed a sandbox whose record cannot be read')
    }),
  )
  for (const box of records) node.ranges.adopt(box.index)
  const claimed: Record[] = []
  const pooled: Record[] = []
  for (const box of records) {
    // For a run: what ran in it is lost, or its gate has lost who would open it.
    if (box.state === 'creating' || box.purpose === 'run') await life.tearDown(node, box)
    else if (life.isAlive(box)) {
      // An earlier runtime may have been killed between the two moves of a claim.
      node.engines.of(box.isolation).relocated(box.id, box.cgroup)
      ;(box.sandboxId === null ? pooled : claimed).push(box)
    } else if (box.sandboxId === null) await life.tearDown(node, box)
    else {
      const counted = await new Meter(node).count(box)
      await life.halt(node, box)
      claimed.push({ ...box, state: 'stopped', init: null, counted })
    }
  }
  await sweep(node, [...claimed, ...pooled])
  return { claimed, pooled }
}

async function sweep(node: NodeContext, kept: readonly Record[]): Promise<void> {
  const ids = new Set(kept.map((box) => box.id))
  for (const engine of node.engines.all) {
    for (const id of await engine.list()) if (!ids.has(id)) await engine.remove(id)
  }
  mkdirSync(node.passing.bundles, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(node.passing.bundles)) {
    if (!ids.has(name)) rmSync(join(node.passing.bundles, name), { recursive: true })
  }
  const volumes = join(node.disk, 'sandboxes')
  for (const name of readdirSync(volumes)) if (!ids.has(name)) destroyVolume(join(volumes, name))
  await dropStaleQgroups(node.disk, new Set(kept.map((box) => box.volumeId)))
  const linked = kept.filter((box) => box.init !== null && box.network !== 'none')
  const links = linked.map((box) => life.linkOf(node, box))
  for (const box of linked) await node.network.adopt(life.linkOf(node, box), life.linkPolicyOf(box))
  await node.network.keep(links)
  for (const name of interfaceNames(node.slot.interfacePrefix))
    if (!links.some((link) => link.name === name)) await disconnect(name)
  for (const entry of readdirSync(node.scratch, { withFileTypes: true })) {
    const path = join(node.scratch, entry.name)
    if (entry.isDirectory()) removeMountPoints(path)
    else rmSync(path)
  }
  await sweepCgroups(node, new Set(kept.map((box) => box.cgroup)))
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
