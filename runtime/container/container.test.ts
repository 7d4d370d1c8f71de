import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { detectHierarchy, makeCgroup, processesOf, removeCgroup } from '../cgroup/hierarchy.js'
import { applyLimits } from '../cgroup/limits.js'
import { relocate } from '../cgroup/relocate.js'
import { readUsage } from '../cgroup/usage.js'
import { Reaper } from '../linux/process.js'
import { run } from '../linux/spawn.js'
import { openIdmap } from '../linux/userns.js'
import { deviceOf } from '../rootfs/disk.js'
import { mountRootfs } from '../rootfs/rootfs.js'
import { createVolume, destroyVolume } from '../rootfs/volume.js'
import { type Laboratory, openLaboratory, testInstance } from '../testing/kernel.js'
import { runContainer } from './crun.js'
import { crunState } from './crun-state.js'
import { SeccompFilter } from './filter.js'
import { readSeccomp } from './seccomp.js'
import { capabilities, containerSpec } from './spec.js'

const uidBase = 2 ** 31 + 4095 * 65536
const mib = 1024 ** 2
const root = `/${testInstance}container`
const hierarchy = detectHierarchy()
const filter = new SeccompFilter(readSeccomp('/usr/share/containers/seccomp.json', capabilities))

describe('a sandbox on the real kernel', () => {
  const reaper = new Reaper()
  let lab: Laboratory
  let pid = 0
  let device = ''
  const id = `test-${process.pid}`
  const oci = () => ({ program: 'crun', root: join(lab.home, 'crun') })
  const inside = (script: string, user = '1000:1000', container = id) =>
    new Promise<{ code: number | null; output: string }>((resolve) => {
      const args = [
        '--root',
        oci().root,
        '--cgroup-manager=cgroupfs',
        'exec',
        '--user',
        user,
        container,
        '/bin/sh',
        '-c',
        script,
      ]
      const child = spawn('crun', args, { stdio: ['ignore', 'pipe', 'pipe'] })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
      child.once('close', (code) => resolve({ code, output: output.trim() }))
    })

  const start = async (name: string, container: string) => {
    const bundle = join(lab.home, name)
    await mkdir(bundle)
    const volume = createVolume(join(lab.disk, 'sandboxes', name), 64 * mib)
    const idmap = await openIdmap(uidBase)
    const cgroup = `${root}/pool/${name}`
    await using rootfs = mountRootfs(join(lab.home, `mounts-${name}`), [lab.layer], volume.path, idmap)
    const spec = containerSpec({
      ...{ rootfs: rootfs.path, uidBase, cgroup, hostname: name },
      ...{ memoryBytes: 256 * mib, filter: filter.config() },
    })
    await writeFile(join(bundle, 'config.json'), JSON.stringify(spec))
    const output = openSync(join(bundle, 'output'), 'w')
    const first = await runContainer(oci(), reaper, container, bundle, output)
    closeSync(output)
    closeSync(idmap)
    applyLimits(hierarchy, cgroup, { cpus: 1, memoryMiB: 128, pids: 64 }, device)
    return first
  }

  beforeAll(async () => {
    lab = await openLaboratory()
    device = await deviceOf(lab.disk)
    makeCgroup(hierarchy, `${root}/pool`)
    pid = await start('one', id)
  })

  afterAll(async () => {
    await crunState(oci()).remove(id)
    reaper[Symbol.dispose]()
    await removeCgroup(hierarchy, root)
    destroyVolume(join(lab.disk, 'sandboxes', 'one'))
    await lab[Symbol.asyncDispose]()
  })

  it('runs as nobody outside and as an ordinary user inside', async () => {
    expect((await inside('id -u; hostname')).output).toBe('1000\none')
    expect(await run('stat', ['--format=%u', `/proc/${pid}`])).toBe(`${uidBase}\n`)
  })

  it('lets its user become root inside, by sudo', async () => {
    expect((await inside('sudo id -u')).output).toMatch(/(^|\n)0$/)
  })

  it('keeps the disk 0-based, so that any range can mount it again', async () => {
    await inside('echo mine > /home/user/file')
    const file = join(lab.disk, 'sandboxes', 'one', 'upper', 'home', 'user', 'file')
    expect(await run('stat', ['--format=%u', file])).toBe('1000\n')
  })

  it('leaves no mount on the host', async () => {
    expect(await run('cat', ['/proc/self/mountinfo'])).not.toContain(join(lab.home, 'mounts'))
  })

  it('cannot write past its disk, and says so only inside', async () => {
    const filled = await inside('head -c 200M /dev/urandom > /home/user/big; sync; rm -f /home/user/big')
    expect(filled.output).toMatch(/quota exceeded|no space/i)
  })

  it('sees only its own processes, one loopback, and no way to mount or unshare', async () => {
    expect((await inside('ls /proc | grep -c "^[0-9]"')).output).toMatch(/^[1-9]$/)
    expect((await inside('ls /sys/class/net')).output).toBe('lo')
    expect((await inside('mount -t tmpfs none /mnt', '0:0')).code).not.toBe(0)
    expect((await inside('unshare --user true', '0:0')).code).not.toBe(0)
    expect((await inside('echo 1 > /proc/sysrq-trigger', '0:0')).code).not.toBe(0)
  })

  it('hands the filter that was compiled for it to the next one, which is held by the same program', async () => {
    const next = `${id}-next`
    const program = (container: string) => readFileSync(join(oci().root, container, 'seccomp.bpf'))
    filter.learn(oci(), id)
    expect(filter.config().seccomp).toBeUndefined()
    const first = await start('two', next)
    expect(program(next).equals(program(id))).toBe(true)
    try {
      expect(statusOf(first)).toMatchObject({ State: expect.stringMatching(/^[RS]/), Seccomp_filters: '1' })
      expect((await inside('unshare --user true', '0:0', next)).code).not.toBe(0)
    } finally {
      await crunState(oci()).remove(next)
      destroyVolume(join(lab.disk, 'sandboxes', 'two'))
    }
  })

  it('is killed inside at its memory limit, and the kill is counted', async () => {
    const hog = 'python3 -c "b = bytearray(400 << 20); b[::4096] = b[::4096]"'
    expect((await inside(hog)).code).toBe(137)
    expect(readUsage(hierarchy, `${root}/pool/one`, device).oomKills).toBeGreaterThan(0)
    expect((await inside('echo alive')).output).toBe('alive')
  })

  it('moves to a tenant with all its processes, and later ones are born there', async () => {
    makeCgroup(hierarchy, `${root}/tenant`)
    relocate(hierarchy, `${root}/pool/one`, `${root}/tenant/one`)
    crunState(oci()).relocated(id, `${root}/tenant/one`)
    expect(await processesOf(hierarchy, `${root}/tenant/one`)).toContain(pid)
    expect((await inside('cat /proc/self/cgroup')).output).toContain('tenant/one')
  })

  it('is known to crun in the form that is expected; in any other form the commands of crun serve', async () => {
    const state = crunState(oci())
    state.learn(id)
    expect(state.relocates).toBe(true)
    expect(state.initOf(id)).toBe(pid)

    const other = `${id}-other`
    const first = await start('three', other)
    const file = join(oci().root, other, 'status')
    // A boolean that became a number, say, which crun itself still reads.
    const changed = { ...JSON.parse(readFileSync(file, 'utf8')), 'systemd-cgroup': 0 }
    writeFileSync(file, JSON.stringify(changed))
    const unknown = crunState(oci())
    unknown.learn(other)
    expect(unknown.relocates).toBe(false)
    expect(unknown.initOf(other)).toBe(first)
    unknown.relocated(other, `${root}/elsewhere`)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(changed)
    await unknown.remove(other)
    expect(existsSync(join(oci().root, other))).toBe(false)
    await expect.poll(() => existsSync(`/proc/${first}/exe`)).toBe(false)
    destroyVolume(join(lab.disk, 'sandboxes', 'three'))
    expect(unknown.initOf(other)).toBeUndefined()
  })
})

/** The fields of a process's status. @see proc_pid_status(5) */
const statusOf = (process: number) =>
  Object.fromEntries(
    readFileSync(`/proc/${process}/status`, 'utf8')
      .split('\n')
      .map((line) => line.split(':\t')),
  )
