import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../runtime/linux/spawn.js'
import { testInstance } from '../runtime/testing/kernel.js'
import { freePort } from '../testing/instance.js'
import { outcomeOf, startProgram } from './testing/instance.js'

const home = `/var/tmp/${testInstance}-doctor`
const examine = async (env: Record<string, string> = {}, before: readonly string[] = []) => {
  const [program = '', ...args] = [...before, process.execPath, 'dist/cli/index.js', 'doctor']
  const own = { CLOCHE_INSTANCE: `${testInstance}d`, CLOCHE_HOME: home, PORT: String(await freePort()) }
  return outcomeOf(startProgram(program, args, { ...own, ...env }))
}

describe('the doctor', () => {
  it('has one line for each check, and finds nothing missing on a machine that tests run on', async () => {
    const { code, said } = await examine()
    for (const line of said.trim().split('\n')) expect(line).toMatch(/^(ok|advice) +[^:]+: ./)
    for (const check of [
      'user namespaces',
      'idmapped mounts and overlay',
      'btrfs with quotas',
      'control groups',
    ]) {
      expect(said).toContain(`ok       ${check}: `)
    }
    expect(code).toBe(0)
  })

  it('says for each program that is missing what it is for and what to type', async () => {
    const { code, said } = await examine({ PATH: '/nonexistent' })
    expect(said).toContain(
      'missing  crun: not installed; it starts containers. Type: apt-get install -y crun\n',
    )
    expect(said).toContain(
      'missing  btrfs: not installed; it limits disks. Type: apt-get install -y btrfs-progs\n',
    )
    expect(code).toBe(1)
  })

  it('says to somebody who is not root how to ask', async () => {
    const { code, said } = await examine({}, ['unshare', '--user'])
    expect(said).toContain('missing  root: no, and most checks need it. Type: sudo bin/cloche doctor\n')
    expect(code).toBe(1)
  })

  it('says that user namespaces are forbidden, and what to type', async () => {
    // The limit is the namespace's own: here, of one in which the doctor is root.
    const { said } = await examine({}, [
      ...['unshare', '--user', '--map-root-user', '--mount', 'bash', '-c'],
      ...['echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', 'bash'],
    ])
    expect(said).toContain(
      'missing  user namespaces: the sysctl forbids them. Type: sysctl -w user.max_user_namespaces=65536\n',
    )
  })

  it('names a network namespace that is not there', async () => {
    const { code, said } = await examine({ CLOCHE_NETNS: 'nowhere' })
    expect(said).toContain(
      'missing  network namespace nowhere: CLOCHE_NETNS names none. Type: ip netns add nowhere\n',
    )
    expect(code).toBe(1)
  })

  it('names who has the port', async () => {
    const port = await freePort()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    try {
      expect((await examine({ PORT: String(port) })).said).toMatch(
        new RegExp(`^missing  port ${port}: .*taken by .* \\(process ${process.pid}\\)`, 'm'),
      )
    } finally {
      other.close()
    }
  })

  it('says that an address is none of this machine', async () => {
    expect((await examine({ HOST: '192.0.2.7' })).said).toContain(
      'HOST=192.0.2.7 is no address of this machine',
    )
  })

  it('refuses an environment that is not right before it checks anything', async () => {
    expect(await examine({ PORT: 'many' })).toMatchObject({
      code: 1,
      said: expect.stringContaining('PORT: '),
    })
  })

  it('knows that the user cloche cannot read an installation, and what to type', async () => {
    // One laid over this checkout, for the doctor alone.
    const hide = [
      'mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work',
      'mount -t overlay overlay -o "lowerdir=$PWD,upperdir=/mnt/upper,workdir=/mnt/work" "$PWD"',
      'cd "$PWD" && chmod 700 dist/server && exec "$@"',
    ].join(' && ')
    const { code, said } = await examine({}, ['unshare', '--mount', 'bash', '-c', hide, 'bash'])
    expect(said).toMatch(/^missing {2}installation readable: .* Type: chmod -R go\+rX /m)
    expect(code).toBe(1)
  })

  it('takes the resolvers that an operator has set', async () => {
    const { said } = await examine({ CLOCHE_RESOLVERS: '192.0.2.1' })
    expect(said).toContain('ok       resolver for sandboxes: 192.0.2.1\n')
  })

  it('leaves nothing behind but the user that the instance will have', async () => {
    expect(readdirSync(home)).toEqual(['user'])
    rmSync(join(home, 'user'))
    await run('userdel', [`cloche-${testInstance}d`])
    expect(existsSync(`/run/cloche/${testInstance}d`)).toBe(false)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(home)
    expect(readdirSync('/run').filter((name) => name.startsWith(`cloche-doctor-${testInstance}`))).toEqual([])
    rmdirSync(home)
  })
})
