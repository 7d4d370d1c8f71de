import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../supervisor/settings.js'
import { installTemplate } from '../../supervisor/template/install.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const limits = { cpus: 1, memoryMiB: 512, diskMiB: 1024, pids: 256 }
const quota = { cpus: 4, memoryMiB: 4096, diskMiB: 8192, pids: 2048, sandboxes: 8 }

describe('a small machine, whose first process is systemd', () => {
  let namespace: AsyncDisposable
  let instance: Instance

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    const settings = readSettings({ CLOCHE_HOME: instance.home, CLOCHE_INSTANCE: testInstance })
    await installTemplate(settings, 'system', () => {})
    expect((await instance.call('POST', '/templates/reload')).status).toBe(204)
  }, 300_000)
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const claim = async () => (await instance.claim({ template: 'system', limits, quota })).id
  const root = async (id: string, command: string) => {
    const { stdout, stderr } = await instance.exec(id, command, { user: 'root' })
    return (stdout + stderr).trim()
  }

  it('starts', async () => {
    const id = await claim()
    await sleep(10000)
    for (const c of ['ps -ef', 'systemctl is-system-running', 'systemctl --failed', 'journalctl -b --no-pager -u systemd-sysusers -u systemd-tmpfiles-setup', 'SYSTEMD_LOG_LEVEL=debug systemd-sysusers', 'systemd-tmpfiles --create 2>&1 | head -40', 'systemctl cat systemd-sysusers', 'cat /proc/1/cgroup', 'ls -l /sys/fs/cgroup'])
      console.log(`$ ${c}\n${await root(id, c)}`)
    expect(id).toBe(1)
  })
})
