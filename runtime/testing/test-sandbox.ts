import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { detectHierarchy, makeCgroup, removeCgroup } from '../cgroup/hierarchy.js'
import { applyLimits } from '../cgroup/limits.js'
import { runContainer } from '../container/crun.js'
import { crunState } from '../container/crun-state.js'
import { SeccompFilter } from '../container/filter.js'
import { readSeccomp } from '../container/seccomp.js'
import { capabilities, containerSpec } from '../container/spec.js'
import { Reaper } from '../linux/process.js'
import { openIdmap } from '../linux/userns.js'
import { deviceOf } from '../rootfs/disk.js'
import { mountRootfs } from '../rootfs/rootfs.js'
import { createVolume, destroyVolume } from '../rootfs/volume.js'
import { openLaboratory, testInstance } from './kernel.js'

const mib = 1024 ** 2

/** One sandbox as lifecycle.ts makes it, without a runtime around it. */
export interface TestSandbox extends AsyncDisposable {
  readonly home: string
  readonly disk: string
  readonly pid: number
  readonly cgroup: string
  /** Runs a script inside, as the user unless told otherwise. */
  inside(script: string, user?: string): Promise<{ code: number | null; output: string }>
}

/** @param place 0 to 15: among the uid ranges that no instance uses, another one in each test file */
export async function openTestSandbox(name: string, place: number, diskMiB = 64): Promise<TestSandbox> {
  const uidBase = uidBaseOf(place)
  const lab = await openLaboratory()
  const hierarchy = detectHierarchy()
  const oci = { program: 'crun', root: join(lab.home, 'crun') }
  const [bundle, parent, id] = [join(lab.home, 'box'), `/${testInstance}${name}`, `${name}-${process.pid}`]
  await mkdir(bundle)
  const volume = createVolume(join(lab.disk, 'sandboxes', name), diskMiB * mib)
  const idmap = await openIdmap(uidBase)
  const reaper = new Reaper()
  makeCgroup(hierarchy, parent)
  const cgroup = `${parent}/box`
  let pid: number
  {
    await using rootfs = mountRootfs(join(lab.home, 'mounts'), [lab.layer], volume.path, idmap)
    const spec = containerSpec({
      ...{ rootfs: rootfs.path, uidBase, cgroup, hostname: name, memoryBytes: 256 * mib },
      filter: new SeccompFilter(readSeccomp('/usr/share/containers/seccomp.json', capabilities)).config(),
    })
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec))
    const output = openSync(join(bundle, 'output'), 'w')
    pid = await runContainer(oci, reaper, id, bundle, output)
    closeSync(output)
    applyLimits(hierarchy, cgroup, { cpus: 1, memoryMiB: 256, pids: 64 }, await deviceOf(lab.disk))
  }
  closeSync(idmap)
  return {
    ...{ home: lab.home, disk: lab.disk, pid, cgroup },
    inside: (script, user = '1000:1000') => runInside(oci, id, script, user),
    [Symbol.asyncDispose]: async () => {
      await crunState(oci).remove(id)
      reaper[Symbol.dispose]()
      await removeCgroup(hierarchy, parent)
      destroyVolume(volume.path)
      await lab[Symbol.asyncDispose]()
    },
  }
}

/** Above what an instance hands out in its slot; see `linux/slot.ts`. */
export const uidBaseOf = (place: number): number => 2 ** 31 + (place * 2048 + 2040) * 65_536

function runInside(oci: { program: string; root: string }, id: string, script: string, user: string) {
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const where = [
      '--root',
      oci.root,
      '--cgroup-manager=cgroupfs',
      'exec',
      '--cwd=/home/user',
      '--user',
      user,
    ]
    const child = spawn(oci.program, [...where, id, '/bin/sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    }
    child.once('close', (code) => resolve({ code, output: output.trim() }))
  })
}
