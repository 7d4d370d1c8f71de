import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../protocol/api/index.js'
import { runtimeSandbox } from '../protocol/node/index.js'
import { detectHierarchy } from './cgroup/hierarchy.js'
import { run } from './linux/spawn.js'
import {
  claimOf,
  type Instance,
  lonelyNamespace,
  refusalOf,
  startInstance,
  testLimits,
} from './testing/instance.js'
import { inGuest, testInstance } from './testing/kernel.js'
import { guestEnvironment } from './testing/uml.js'

/** The same facts hold under every isolation, on both versions of control groups. */
describe.each(inGuest ? (['standard'] as const) : (['standard', 'hardened'] as const))(
  'a sandbox whose isolation is %s',
  (isolation) => {
    let instance: Instance
    let namespace: AsyncDisposable
    const env = inGuest ? { GLIBC_TUNABLES: guestEnvironment.GLIBC_TUNABLES } : {}
    const claim = (over: object = {}) => instance.claim({ isolation, env, ...over })
    const sandboxOf = async (method: string, path: string) =>
      runtimeSandbox.parse(JSON.parse((await instance.call(method, path)).text))
    const remove = (id: string) => instance.call('DELETE', `/sandboxes/${id}`)

    beforeAll(async () => {
      namespace = await lonelyNamespace()
      instance = await startInstance(testInstance, { poolSize: 1, isolation })
    })
    afterAll(async () => {
      await instance[Symbol.asyncDispose]()
      await namespace[Symbol.asyncDispose]()
    })

    it('waits in the pool, and is handed to a tenant with its name, limits and place', async () => {
      await instance.poolFull()
      const { id, warm, state } = await claim({ hostname: 'mine' })
      expect({ warm, state }).toEqual({ warm: true, state: 'running' })
      expect(await instance.exec(id, 'hostname; id -un; pwd; echo $((6*7))')).toMatchObject({
        stdout: 'mine\nuser\n/home/user\n42\n',
        exit: { exitCode: 0, signal: null, timedOut: false },
      })
      const { cgroup, tenantId } = instance.recordOf(id)
      expect(cgroup).toContain(`${tenantId}/${id}`)
      await remove(id)
    })

    it.each([
      ['exit 130', { exitCode: 130, signal: null }],
      ['true', { exitCode: 0, signal: null }],
      // gVisor tells of a signal as shells do.
      ['kill -TERM $$', isolation === 'hardened' ? { exitCode: 143 } : { exitCode: null, signal: 'SIGTERM' }],
    ])('says how %s ended', async (command, how) => {
      const { id } = await claim()
      expect((await instance.exec(id, command)).exit).toMatchObject(how)
      await remove(id)
    })

    it('keeps what a command reads and writes apart', async () => {
      const { id } = await claim()
      expect(await instance.exec(id, 'echo a > /dev/stdout; echo b >&2')).toMatchObject({
        stdout: 'a\n',
        stderr: 'b\n',
      })
      expect(await instance.exec(id, ['cat'], { stdin: 'given' })).toMatchObject({ stdout: 'given' })
      expect(
        await instance.exec(id, 'echo $GIVEN; pwd', { cwd: '/tmp', env: { GIVEN: 'too' } }),
      ).toMatchObject({
        stdout: 'too\n/tmp\n',
      })
      expect((await instance.exec(id, 'id -u', { user: 'root' })).stdout).toBe('0\n')
      expect((await instance.exec(id, ['/no/such/program'])).status).toBe(400)
      await remove(id)
    })

    it.each(['internet', 'none'])(
      'serves at localhost, which is 127.0.0.1 and ::1, with network %s',
      async (network) => {
        const { id } = await claim({ network })
        // The kernel of the guest of version 2 has no IPv6.
        const hasIpv6 = existsSync('/proc/net/if_inet6')
        const loopback = hasIpv6 ? ['::1', '127.0.0.1'] : ['127.0.0.1']
        const families = hasIpv6 ? ['AF_INET', 'AF_INET6'] : ['AF_INET']
        const serve = `python3 - <<'END'
import asyncio, socket
async def main():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), 'localhost', 0)
    for listening in server.sockets:
        _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        print(listening.family.name); writer.close()
asyncio.run(main())
for name in [${loopback.map((name) => `'${name}'`).join(', ')}]:
    listening = socket.create_server((name, 0), family=socket.AF_INET6 if ':' in name else socket.AF_INET)
    print(socket.create_connection(('localhost', listening.getsockname()[1])).getpeername()[0])
END`
        const { stdout, stderr } = await instance.exec(id, serve)
        expect(stdout.split('\n').sort()).toEqual(['', ...loopback, ...families].sort())
        expect(stderr).toBe('')
        // Nowhere else: neither an address nor a route of the link.
        const addresses = await instance.exec(id, "awk '{ print $1, $6 }' /proc/net/if_inet6")
        expect(addresses.stdout).toBe(hasIpv6 ? '00000000000000000000000000000001 lo\n' : '')
        await remove(id)
      },
    )

    it('ends a command that takes too long, and what that one has started', async () => {
      const { id } = await claim()
      const late = await instance.exec(id, 'sleep 301 & sleep 301', { timeoutMs: 300 })
      expect(late.exit).toMatchObject({ signal: 'SIGKILL', timedOut: true })
      expect((await instance.exec(id, 'pgrep -fx "sleep 301" | wc -l')).stdout).toBe('0\n')
      await remove(id)
    })

    it('opens a root shell for who asks for one, also where there is no sudo', async () => {
      const { id } = await claim()
      using root = await instance.openTerminal(id, { user: 'root' })
      root.type('echo $(id -un) in $PWD of $HOME\r')
      await root.sees('root in /root of /root', 30_000)
      using user = await instance.openTerminal(id)
      user.type('echo $(id -un) in $PWD\r')
      await user.sees('user in /home/user', 30_000)
      // In the guest set-uid programs break: the C library does not let them be told to use SSE only.
      const sudo = inGuest ? undefined : await instance.exec(id, 'sudo id -un')
      expect(sudo?.stdout ?? 'root\n').toBe(isolation === 'hardened' ? '' : 'root\n')
      await remove(id)
    })

    it('has a terminal with a size, a name and an end', async () => {
      const { id } = await claim()
      {
        using typist = await instance.openTerminal(id)
        typist.type('stty size; [ -t 0 ] && echo terminal$((6*7)); hostname\n')
        await typist.sees('24 80')
        await typist.sees('terminal42')
        await typist.sees('box')
      }
      await remove(id)
    })

    it('is paused, resumed, stopped and started, and its disk stays', async () => {
      const { id } = await claim()
      await instance.exec(id, 'echo kept > file')
      expect((await sandboxOf('POST', `/sandboxes/${id}/pause`)).state).toBe('paused')
      expect((await instance.exec(id, 'true')).status).toBe(409)
      expect((await sandboxOf('POST', `/sandboxes/${id}/resume`)).state).toBe('running')
      expect((await sandboxOf('POST', `/sandboxes/${id}/stop`)).state).toBe('stopped')
      expect((await sandboxOf('POST', `/sandboxes/${id}/start`)).state).toBe('running')
      expect((await instance.exec(id, 'cat file')).stdout).toBe('kept\n')
      await remove(id)
    })

    it('renames directories of its image, and finds what is in them after its next start', async () => {
      const { id } = await claim()
      const as = { user: 'root' }
      const rename = `python3 -c '
import os
os.rename("/usr/share/base-files", "/usr/share/papers"); os.rename("/usr/share/papers", "/srv/papers")
os.mkdir("/usr/share/base-files")
open("/srv/papers/added", "w").write("new")'`
      expect(await instance.exec(id, rename, as)).toMatchObject({ stderr: '', exit: { exitCode: 0 } })
      const look = 'ls /usr/share/base-files /usr/share/papers 2>&1; cat /srv/papers/added; ls /srv/papers'
      const found = await instance.exec(id, look, as)
      expect(found.stdout).toContain('/usr/share/base-files:\n')
      expect(found.stdout).toMatch(/\nnewadded\n(.*\n)*profile\n/)
      await instance.call('POST', `/sandboxes/${id}/stop`)
      await instance.call('POST', `/sandboxes/${id}/start`)
      expect((await instance.exec(id, look, as)).stdout).toBe(found.stdout)
      await remove(id)
    })

    it('cannot write past its disk, and says so only inside', async () => {
      const { id } = await claim()
      const filled = await instance.exec(id, 'head -c 200M /dev/zero > big; sync; rm -f big')
      expect(filled.stderr).toMatch(/quota exceeded|no space/i)
      expect((await instance.exec(id, 'echo alive')).stdout).toBe('alive\n')
      await remove(id)
    })

    it('outlives a bomb of processes', async () => {
      const { id } = await claim()
      const bomb = 'for i in $(seq 200); do sleep 3 > /dev/null 2>&1 & done'
      expect((await instance.exec(id, bomb)).stderr).toMatch(/fork|resource/i)
      // Until some of them have ended there is no room for one more.
      while ((await instance.exec(id, 'echo alive')).stdout !== 'alive\n') await sleep(50)
      await remove(id)
    })

    it('loses at its memory limit what took it: a process, or under gVisor all of them', async () => {
      const { id } = await claim()
      const hog = 'b = bytearray(600 << 20); b[::4096] = b[::4096]'
      const { exit } = await instance.exec(id, ['python3', '-c', hog])
      if (isolation === 'standard') {
        expect(exit).toMatchObject({ signal: 'SIGKILL' })
        expect((await instance.exec(id, 'echo alive')).stdout).toBe('alive\n')
      } else {
        while ((await sandboxOf('GET', `/sandboxes/${id}`)).state !== 'stopped') await sleep(20)
        expect((await sandboxOf('POST', `/sandboxes/${id}/start`)).state).toBe('running')
        expect((await instance.exec(id, 'echo alive')).stdout).toBe('alive\n')
      }
      await remove(id)
    })

    it('shows its files outside as they are inside, and takes what is put there', async () => {
      const { id } = await claim()
      await instance.exec(id, 'echo inside > file')
      const path = encodeURIComponent('/home/user/file')
      expect((await instance.call('GET', `/sandboxes/${id}/files?path=${path}`)).text).toContain('inside')
      await instance.call('PUT', `/sandboxes/${id}/files?path=${path}`, 'outside')
      expect((await instance.exec(id, 'cat file')).stdout).toContain('outside')
      await remove(id)
    })

    it('tells what it uses', async () => {
      const { id } = await claim()
      await instance.exec(id, 'for i in $(seq 20000); do :; done')
      const { usage } = await sandboxOf('GET', `/sandboxes/${id}`)
      expect(usage?.cpuSeconds).toBeGreaterThan(0)
      expect(usage?.memoryBytes).toBeGreaterThan(0)
      expect(usage?.pids).toBeGreaterThan(0)
      await remove(id)
    })

    it('does not notice that the runtime is killed, and is taken up by the next one', async () => {
      const { id } = await claim()
      await instance.exec(id, '(sleep 302 > /dev/null 2>&1 & echo $! > /tmp/pid)')
      await instance.restart()
      expect((await instance.exec(id, 'kill -0 $(cat /tmp/pid) && echo alive')).stdout).toBe('alive\n')
      await remove(id)
    })

    it('is taken up without the pipe that tells its end, with all others, and is seen to end', async () => {
      const { id } = await claim()
      const bundles = `/run/cloche/${testInstance}/bundles`
      await instance.restart({}, () => {
        for (const name of readdirSync(bundles)) rmSync(join(bundles, name, 'exit'))
      })
      expect((await instance.exec(id, 'echo alive')).stdout).toBe('alive\n')
      process.kill(instance.recordOf(id).init?.pid ?? 0, 'SIGKILL')
      await expect.poll(async () => (await sandboxOf('GET', `/sandboxes/${id}`)).state).toBe('stopped')
      await remove(id)
    })

    it('is seen to end when its first process does', async () => {
      const { id } = await claim()
      process.kill(instance.recordOf(id).init?.pid ?? 0, 'SIGKILL')
      while ((await sandboxOf('GET', `/sandboxes/${id}`)).state !== 'stopped') await sleep(20)
      expect((await sandboxOf('GET', `/sandboxes/${id}`)).failure).toBe('its first process ended')
      expect((await sandboxOf('POST', `/sandboxes/${id}/start`)).state).toBe('running')
      await remove(id)
    })

    it('is refused where no template offers it', async () => {
      const other = isolation === 'standard' ? 'hardened' : 'standard'
      const answer = await instance.call('PUT', `/sandboxes/${newId('sb')}`, claimOf({ isolation: other }))
      expect(answer.status).toBe(422)
      expect(refusalOf(answer).code).toBe('template_unavailable')
    })

    it('leaves nothing behind', async () => {
      const { id } = await claim({ limits: { ...testLimits, memoryMiB: 96 } })
      await remove(id)
      await instance.call('POST', '/shutdown')
      expect(readdirSync(join(instance.disk, 'sandboxes'))).toEqual([])
      expect(readdirSync(join(instance.home, 'boxes'))).toEqual([])
      expect(await run('ip', ['-n', testInstance, '-o', 'link'])).not.toMatch(/cl\dv/)
      for (const mount of detectHierarchy().mounts) expect(existsSync(join(mount, testInstance))).toBe(false)
      expect(await run('cat', ['/proc/self/mountinfo'])).not.toContain(`/run/cloche/${testInstance}/`)
    })
  },
)
