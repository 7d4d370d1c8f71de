import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { detectHierarchy } from '../runtime/cgroup/hierarchy.js'
import { run } from '../runtime/linux/spawn.js'
import { withClient } from './database.js'
import { isRunning } from './lock.js'
import { outcomeOf, TestInstance, until } from './testing/instance.js'

const sandboxAnswer = z.object({ id: z.string(), state: z.string() })
const execAnswer = z.object({ stdout: z.string() })

// A start takes two seconds, and twenty on a machine that does other things as well.
describe('Cloche on this machine, from bin/up to bin/down', { timeout: 180_000 }, () => {
  let instance: TestInstance
  let sandbox: string

  const admin = () =>
    z
      .object({ url: z.string(), email: z.string(), password: z.string(), apiKey: z.string() })
      .parse(JSON.parse(readFileSync(join(instance.home, 'admin.json'), 'utf8')))
  const api = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${instance.port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${admin().apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const inside = async (command: string) =>
    execAnswer.parse(await api('POST', `/sandboxes/${sandbox}/exec`, { command })).stdout
  const ready = () => until('the server is ready', async () => (await instance.status('/readyz')) === 200)
  const childPids = () => Object.values(instance.children()).map(({ pid }) => pid)

  beforeAll(async () => {
    instance = await TestInstance.make('u')
  }, 30_000)
  afterAll(() => instance.remove())

  it('comes up with one command, and says where it is and where the credentials are', async () => {
    const { code, said } = await instance.up()
    expect(said).toContain(`ready at http://127.0.0.1:${instance.port}`)
    expect(said).toContain(`the password is in ${instance.home}/admin.json`)
    expect(code).toBe(0)
    expect(await instance.status('/readyz')).toBe(200)
    expect(admin()).toMatchObject({ url: `http://127.0.0.1:${instance.port}` })
    for (const name of ['admin.json', 'secret']) {
      expect((statSync(join(instance.home, name)).mode & 0o777).toString(8)).toBe('600')
    }
  }, 300_000)

  it('makes a sandbox that runs a command', async () => {
    sandbox = sandboxAnswer.parse(await api('POST', '/sandboxes', { name: 'kept' })).id
    expect(await inside('echo kept > file; (sleep 1000 & echo $! > pid); id -un')).toBe('user\n')
  })

  it.each(['server', 'postgres'])('runs the %s as a user who has nothing and can gain nothing', (name) => {
    const status = readFileSync(`/proc/${instance.children()[name]?.pid}/status`, 'utf8')
    const uid = readFileSync('/etc/passwd', 'utf8').match(
      new RegExp(`^cloche-${instance.name}:[^:]*:(\\d+):`, 'm'),
    )?.[1]
    expect(status).toMatch(new RegExp(`^Uid:(\\t${uid}){4}$`, 'm'))
    expect(status).toMatch(/^Groups:\t\s*$/m)
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toContain(`${set}:\t0000000000000000`)
    }
    expect(status).toContain('NoNewPrivs:\t1')
  })

  it('hides the disk and the root directories of sandboxes from them, and the installation from their writing', () => {
    const mounts = readFileSync(`/proc/${instance.children().server?.pid}/mountinfo`, 'utf8')
    expect(mounts).not.toContain(`${instance.home}/disk`)
    expect(mounts).toMatch(new RegExp(` ${instance.run}/app ro[, ]`))
  })

  it('lets PostgreSQL listen nowhere but at a socket that only its user can reach', async () => {
    const inode = statSync(join(instance.run, 'postgres'))
    expect(inode.mode & 0o077).toBe(0)
    expect(await run('ss', ['-Hltnp'])).not.toContain(`pid=${instance.children().postgres?.pid},`)
  })

  it('refuses a second bin/up of the same instance, and goes on', async () => {
    const pids = childPids()
    const { code, said } = await instance.up()
    expect(said).toContain(`${instance.name} runs already (supervisor: ${instance.supervisor().pid})`)
    expect(code).toBe(1)
    expect(childPids()).toEqual(pids)
  })

  it.each(['server', 'runtime', 'terminals', 'postgres'])(
    'starts the %s again when it is killed, says so, and the sandbox runs on',
    async (name) => {
      const before = instance.children()[name]?.pid ?? 0
      process.kill(before, 'SIGKILL')
      await until(`${name} has another process`, () => (instance.children()[name]?.pid ?? before) !== before)
      await ready()
      const log = readFileSync(join(instance.home, 'logs/supervisor.log'), 'utf8')
      expect(log).toContain(`${name} died (SIGKILL)`)
      await until('the sandbox answers', () =>
        inside('kill -0 $(cat pid) && echo alive').then(
          (said) => said === 'alive\n',
          () => false,
        ),
      )
    },
  )

  it('takes over from a supervisor that was killed: its children end, the sandbox runs on', async () => {
    const orphans = Object.values(instance.children())
    process.kill(instance.supervisor().pid, 'SIGKILL')
    await until('the supervisor is dead', () => !isRunning(instance.supervisor()))
    expect(await instance.status('/readyz')).toBe(200)
    const { code, said } = await instance.up()
    expect(said).toContain('an earlier supervisor was killed; ending what it left')
    expect(code).toBe(0)
    for (const { pid } of orphans) expect(childPids()).not.toContain(pid)
    expect(await inside('kill -0 $(cat pid) && echo alive')).toBe('alive\n')
  })

  it('builds a template anew while it runs, and the runtime takes it up', async () => {
    rmSync(join(instance.home, 'disk/templates/base.json'))
    const { code, said } = await instance.bin('cloche', ['template', 'build', 'base'])
    expect(said).toContain('template base is ready')
    expect(code).toBe(0)
    expect((await instance.bin('cloche', ['template', 'build', 'base'])).said).toContain('up to date')
    expect((await instance.bin('cloche', ['template', 'recipes'])).said).toMatch(/^base /m)
    expect((await instance.bin('cloche', ['template', 'build', '../etc'])).code).toBe(1)
  })

  it('writes errors with message, code and stack into its logs', async () => {
    const broken = join(instance.home, 'disk/templates/broken.json')
    mkdirSync(broken) // cannot be read as a file
    await instance.bin('cloche', ['template', 'build', 'base'])
    rmSync(broken, { recursive: true })
    const lines = readFileSync(join(instance.home, 'logs/runtime.log'), 'utf8').trim().split('\n')
    const line = lines.map((one) => z.looseObject({ msg: z.string() }).parse(JSON.parse(one)))
    expect(line.find(({ msg }) => msg === 'a template cannot be read and is not offered')).toMatchObject({
      name: 'runtime',
      err: { type: 'Error', code: 'EISDIR', message: expect.any(String), stack: expect.any(String) },
    })
  })

  it('has nothing missing in the eyes of the doctor', async () => {
    const { code, said } = await instance.bin('cloche', ['doctor'])
    expect(said).not.toMatch(/^missing/m)
    expect(said).toMatch(/^ok {7}PostgreSQL: .* answers$/m)
    expect(said).toMatch(/^ok {7}idmapped mounts and overlay: /m)
    expect(code).toBe(0)
  })

  it('gives an account a new password, and keeps that of the first operator where the old one was', async () => {
    const before = admin()
    const { code, said } = await instance.bin('cloche', ['password', before.email])
    expect(code).toBe(0)
    expect(admin()).toEqual({ ...before, password: said.trim() })
    const signIn = (password: string) =>
      fetch(`${before.url}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { origin: before.url, 'content-type': 'application/json' },
        body: JSON.stringify({ email: before.email, password }),
      })
    expect((await signIn(said.trim())).status).toBe(200)
    expect((await signIn(before.password)).status).toBe(401)
    expect((await instance.bin('cloche', ['password', 'nobody@example.org'])).code).toBe(1)
    const link = await instance.bin('cloche', ['reset-link', before.email])
    expect(link.said.trim()).toMatch(/^http\S+\/reset#[\w-]{43}$/)
    const [, secret] = link.said.trim().split('#')
    const preview = await fetch(new URL('/api/v1/account/reset/preview', before.url), {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ secret }),
    })
    expect(await preview.json()).toMatchObject({ email: before.email })
    expect((await instance.bin('cloche', ['reset-link', 'nobody@example.org'])).code).toBe(1)
  })

  it('leaves nothing that runs, is mounted or lies about after bin/down', async () => {
    const processes = [...Object.values(instance.children()), instance.supervisor()]
    expect(await instance.bin('down')).toMatchObject({ code: 0 })
    expect(processes.filter(isRunning)).toEqual([])
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toMatch(
      new RegExp(` (${instance.home}|${instance.run})/`),
    )
    expect(await run('losetup', ['-a'])).not.toContain(instance.home)
    expect(existsSync(instance.run)).toBe(false)
    for (const mount of detectHierarchy().mounts) expect(existsSync(join(mount, instance.name))).toBe(false)
    expect(await run('ip', ['-n', instance.name, '-o', 'link'])).not.toContain('veth')
    expect(await run('nsenter', [`--net=/run/netns/${instance.name}`, 'nft', 'list', 'tables'])).toBe('')
    const slots = readdirSync('/run/cloche/slots')
    expect(slots.map((name) => readFileSync(join('/run/cloche/slots', name), 'utf8'))).not.toContain(
      instance.name,
    )
    expect((await instance.bin('down')).said).toContain(`${instance.name} does not run`)
  })

  it('comes up again with the same accounts, and the sandbox with its disk; of two at once one is refused', async () => {
    const [first, second] = await Promise.all([instance.up(), instance.up()])
    expect([first.code, second.code].toSorted()).toEqual([0, 1])
    expect(`${first.said}${second.said}`).toContain('runs already')
    expect(await api('GET', `/sandboxes/${sandbox}`)).toMatchObject({ name: 'kept', state: 'stopped' })
    await api('POST', `/sandboxes/${sandbox}/start`)
    expect(await inside('cat file')).toBe('kept\n')
  })

  it('uses a PostgreSQL that the operator names instead of one of its own, as the user cloche', async () => {
    const database = (name: string) =>
      `postgresql://cloche@localhost/${name}?host=${encodeURIComponent(join(instance.run, 'postgres'))}`
    await withClient(database('postgres'), (client) => client.query('CREATE DATABASE theirs'))
    const other = await TestInstance.make('w')
    try {
      const { code, said } = await other.up({
        DATABASE_URL: database('theirs'),
        CLOCHE_GROUP: `cloche-${instance.name}`,
      })
      expect(said).toContain('ready at')
      expect(code).toBe(0)
      expect(Object.keys(other.children()).toSorted()).toEqual(['runtime', 'server', 'terminals'])
      expect(existsSync(join(other.home, 'postgres'))).toBe(false)
      const mounts = readFileSync(`/proc/${other.children().server?.pid}/mountinfo`, 'utf8')
      expect(mounts).not.toContain(join(instance.home, 'disk'))
      const users = await withClient(database('theirs'), (client) => client.query('SELECT FROM "user"'))
      expect(users.rowCount).toBe(1)
    } finally {
      await other.remove()
    }
  })

  it('clears up with bin/down after everything of it was killed', async () => {
    process.kill(instance.supervisor().pid, 'SIGKILL')
    for (const pid of childPids()) process.kill(pid, 'SIGKILL')
    const { code, said } = await instance.bin('down')
    expect(said).toContain('the supervisor was killed')
    expect(code).toBe(0)
    expect(existsSync(instance.run)).toBe(false)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(instance.home)
  })

  it('stays in the foreground without --detach, and stops at Ctrl-C', async () => {
    const child = instance.start('up')
    const outcome = outcomeOf(child)
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (chunk) => String(chunk).includes('ready at') && resolve()),
    )
    child.kill('SIGINT')
    const { code, said } = await outcome
    expect(said).toMatch(/ready at[\s\S]*stopped\n$/)
    expect(code).toBe(0)
    expect(existsSync(instance.run)).toBe(false)
  })

  it('refuses a port that is taken, names who has it, and leaves nothing behind', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(instance.port, '127.0.0.1', resolve))
    try {
      const { code, said } = await instance.up()
      expect(said).toMatch(new RegExp(`missing +port ${instance.port}: .*taken by .*process ${process.pid}`))
      expect(code).toBe(1)
    } finally {
      other.close()
    }
    expect(existsSync(instance.run)).toBe(false)
  })

  it('refuses a database that does not answer, without telling its password', async () => {
    const { code, said } = await instance.up({ DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:9/nothing' })
    expect(said).toMatch(
      /missing +PostgreSQL of DATABASE_URL: no connection to the database nothing at 127.0.0.1:9/,
    )
    expect(said).not.toContain('hunter2')
    expect(code).toBe(1)
    expect(existsSync(instance.run)).toBe(false)
  })

  it('refuses an environment that is not right, and names the variable', async () => {
    expect(await instance.up({ PORT: '99999' })).toMatchObject({
      code: 1,
      said: expect.stringContaining('PORT: '),
    })
    expect((await instance.up({ CLOCHE_INSTANCE: '../x' })).said).toContain('CLOCHE_INSTANCE: ')
  })
})
