import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { nodeSnapshot, runtimeSandbox } from '../../protocol/node/index.js'
import { readSettings } from '../../supervisor/settings.js'
import { installTemplate } from '../../supervisor/template/install.js'
import { claimOf, type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 256 }
const quota = { cpus: 8, memoryMiB: 8192, diskMiB: 16_384, pids: 4096, sandboxes: 16 }
const tenantId = newId('tn')

/** A service that cannot see /home, and says when it is asked to end. */
const service = `[Service]
ExecStart=/bin/sh -c 'echo start >>/var/log/mine; exec sleep infinity'
ExecStop=/bin/sh -c 'echo stop >>/var/log/mine'
User=daemon
PrivateTmp=yes
ProtectHome=yes
PrivateUsers=yes
Restart=always
RestartSec=0
[Install]
WantedBy=multi-user.target
`

describe('a small machine, whose first process is systemd', () => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    const settings = readSettings({
      ...process.env,
      CLOCHE_HOME: instance.home,
      CLOCHE_INSTANCE: testInstance,
    })
    await installTemplate(settings, 'system', () => {})
    expect((await instance.call('POST', '/templates/reload')).status).toBe(204)
  }, 300_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const claim = async (over: object = {}) =>
    (await instance.claim({ template: 'system', tenantId, limits, quota, ...over })).id
  const root = async (id: string, command: string) => {
    const { stdout, stderr } = await instance.exec(id, command, { user: 'root', cwd: '/' })
    return (stdout + stderr).trim()
  }
  const act = async (id: string, what: string, body?: object) => {
    const answer = await instance.call('POST', `/sandboxes/${id}/${what}`, body)
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
  }
  const becomes = async (ask: () => Promise<unknown>, what: unknown) => {
    for (let tries = 0; tries < 400; tries++) {
      if ((await ask()) === what) return
      await sleep(50)
    }
    expect(await ask()).toBe(what)
  }
  const isUp = (id: string) => becomes(() => root(id, 'systemctl is-system-running'), 'running')
  const addService = (id: string) =>
    root(
      id,
      `cat >/etc/systemd/system/mine.service <<'END'\n${service}END
       touch /var/log/mine; chown daemon /var/log/mine
       systemctl daemon-reload; systemctl enable --now --quiet mine`,
    )
  const stateOf = async (id: string) =>
    runtimeSandbox.parse(JSON.parse((await instance.call('GET', `/sandboxes/${id}`)).text))

  it('starts every unit of its image, and shows the sandbox its own limits', async () => {
    const id = await claim()
    await isUp(id)
    expect(await root(id, 'systemctl --failed --no-legend; cat /proc/1/comm')).toBe('systemd')
    expect(await root(id, "awk '/MemTotal/ { print $2 }' /proc/meminfo; nproc")).toBe(`${512 * 1024}\n1`)
    expect(await root(id, 'cat /sys/fs/quota/max_referenced')).toBe(String(1024 ** 3))
  })

  it('runs services as their users, again when they end, timers, and jobs of cron', async () => {
    const id = await claim()
    await isUp(id)
    expect(await addService(id)).toBe('')
    const pid = await root(id, 'systemctl show --property MainPID --value mine')
    expect(await root(id, `stat -c %U /proc/${pid}; cat /proc/${pid}/cgroup | grep ^0:`)).toBe(
      'daemon\n0::/system.slice/mine.service',
    )
    await root(id, `kill -9 ${pid}`)
    await becomes(() => root(id, 'grep -c start /var/log/mine'), '2')
    await root(id, 'systemd-run --quiet --on-active=0.1 --timer-property AccuracySec=10ms touch /root/timed')
    await becomes(() => root(id, 'ls /root'), 'timed')
    await root(id, `echo '@reboot root touch /root/booted' >/etc/cron.d/mine`)
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    await becomes(() => root(id, 'ls /root'), 'booted\ntimed')
  })

  it('is shut down in order, and its services are there after the next start', async () => {
    const id = await claim()
    await isUp(id)
    await addService(id)
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    await isUp(id)
    expect(await root(id, 'cat /var/log/mine')).toBe('start\nstop\nstart')
    // So is one that is paused.
    await act(id, 'pause')
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    await becomes(() => root(id, 'cat /var/log/mine'), 'start\nstop\nstart\nstop\nstart')
  })

  it('that powers itself off is stopped', async () => {
    const id = await claim()
    await isUp(id)
    await addService(id)
    await root(id, 'systemctl poweroff')
    await becomes(async () => (await stateOf(id)).state, 'stopped')
    await act(id, 'start')
    await becomes(() => root(id, 'cat /var/log/mine'), 'start\nstop\nstart')
  })

  it('outlives a runtime that is killed', async () => {
    const id = await claim()
    await isUp(id)
    await addService(id)
    await instance.restart()
    await isUp(id)
    await act(id, 'stop', { graceSeconds: 60 })
    await act(id, 'start')
    await becomes(() => root(id, 'cat /var/log/mine'), 'start\nstop\nstart')
  })

  it('is one again when it is made from a snapshot', async () => {
    const id = await claim()
    await isUp(id)
    await addService(id)
    const snapshot = newId('sn')
    const taken = await instance.call('PUT', `/sandboxes/${id}/snapshots/${snapshot}`)
    expect([taken.status, nodeSnapshot.parse(JSON.parse(taken.text)).id]).toEqual([201, snapshot])
    const copy = await claim({ snapshot })
    await isUp(copy)
    await becomes(() => root(copy, 'systemctl is-active mine'), 'active')
  })

  it('may manage no more than its own processes', async () => {
    const id = await claim()
    await isUp(id)
    expect(await root(id, 'echo +pids >/sys/fs/cgroup/cgroup.subtree_control')).toMatch(/denied/)
    expect(await root(id, 'echo max >/sys/fs/cgroup/cgroup.max.descendants')).toMatch(/denied/)
    const many =
      'cd /sys/fs/cgroup && mkdir many && cd many && seq 2000 | xargs mkdir 2>/dev/null; ls -d [0-9]* | wc -l'
    expect(Number(await root(id, many))).toBeLessThan(1024)
    expect((await root(id, 'ls -d /sys/fs/cgroup/../* /sys/fs/*')).split('\n')).not.toContain('/sys/fs/btrfs')
    await act(id, 'stop', { graceSeconds: 60 })
  })

  it('is never in a pool, and not hardened', async () => {
    const refused = await instance.call('PUT', `/sandboxes/${newId('sb')}`, {
      ...claimOf({ template: 'system', limits, quota, isolation: 'hardened' }),
    })
    expect(refusalOf(refused).code).toBe('template_unavailable')
  })
})
