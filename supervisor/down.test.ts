import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { detectHierarchy } from '../runtime/cgroup/hierarchy.js'
import { processesBelow } from '../runtime/cgroup/kill.js'
import { run } from '../runtime/linux/spawn.js'
import { isRunning } from './lock.js'
import { outcomeOf, startProgram, TestInstance } from './testing/instance.js'

const admin = z.object({ apiKey: z.string() })
const made = z.object({ id: z.string() })
const ran = z.object({ stdout: z.string() })

describe('bin/down', { timeout: 300_000 }, () => {
  let instance: TestInstance
  let sandbox: string

  const api = async (method: string, path: string, body: object = {}): Promise<unknown> => {
    const { apiKey } = admin.parse(JSON.parse(readFileSync(join(instance.home, 'admin.json'), 'utf8')))
    const answer = await fetch(`http://127.0.0.1:${instance.port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const inside = async (command: string) =>
    ran.parse(await api('POST', `/sandboxes/${sandbox}/exec`, { command })).stdout
  const processes = () => processesBelow(detectHierarchy(), `/${instance.name}`)
  const killEverything = () => {
    const known = Object.values(instance.children())
    for (const { pid } of [instance.supervisor(), ...known]) process.kill(pid, 'SIGKILL')
  }

  beforeAll(async () => {
    instance = await TestInstance.make('d')
  }, 30_000)
  beforeEach(async () => {
    if (existsSync(join(instance.run, 'supervisor.pid'))) return
    const { code, said } = await instance.bin('cloche', ['up', '--detach'])
    expect(said).toContain('ready at')
    expect(code).toBe(0)
    if (sandbox === undefined) sandbox = made.parse(await api('POST', '/sandboxes')).id
    else await api('POST', `/sandboxes/${sandbox}/start`)
  }, 300_000)
  afterAll(() => instance.remove())

  it('finds an instance whose runtime, secrets and database no other user can reach', async () => {
    const server = instance.children().server?.pid ?? 0
    const secrets = ['secret', 'database-url'].map((name) => join(instance.run, 'secrets', name))
    const as = (user: string, program: readonly string[]) =>
      outcomeOf(
        startProgram('setpriv', [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--', ...program]),
      )
    const connect = 'IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\\n"'
    const own = `cloche-${instance.name}`
    const attempts = [
      ...secrets.map((file) => ['cat', file]),
      ...['environ', 'maps'].map((name) => ['cat', `/proc/${server}/${name}`]),
      ['ls', join(instance.run, 'postgres')],
      ['ls', join(instance.home, 'postgres')],
    ]
    for (const attempt of attempts) expect((await as('cloche', attempt)).code).not.toBe(0)
    for (const file of secrets) expect((await as(own, ['cat', file])).code).toBe(0)
    const program = ['/usr/bin/perl', '-MIO::Socket::UNIX', '-e', connect, join(instance.run, 'runtime.sock')]
    expect((await as('cloche', program)).said).toBe('Permission denied\n')
    expect((await as(own, program)).code).toBe(0)
    const secret = readFileSync(join(instance.home, 'secret'), 'utf8').trim()
    for (const { pid } of Object.values(instance.children())) {
      const environ = readFileSync(`/proc/${pid}/environ`, 'utf8')
      expect(environ).not.toContain(secret)
      expect(environ).not.toContain('postgresql://')
    }
  })

  it('lets what runs in sandboxes end by itself first', async () => {
    await inside(
      `setsid sh -c 'trap "sleep 0.3; echo ended > last; exit" TERM; while :; do sleep 0.1; done' & `,
    )
    expect(await instance.bin('down')).toMatchObject({ code: 0, said: expect.stringMatching(/stopped\n$/) })
    expect((await instance.bin('cloche', ['up', '--detach'])).code).toBe(0)
    await api('POST', `/sandboxes/${sandbox}/start`)
    expect(await inside('cat last')).toBe('ended\n')
    await instance.bin('down')
  })

  it('ends the sandboxes also when no runtime can be started to do it', async () => {
    killEverything()
    expect(processes()).not.toEqual([])
    const socket = join(instance.run, 'runtime.sock')
    await run('rm', ['-f', socket])
    mkdirSync(socket) // nothing can listen there
    const { code, said } = await instance.bin('down')
    expect(said).toContain('they cannot be stopped')
    expect(said).toMatch(/stopped\n$/)
    expect(code).toBe(0)
    expect(processes()).toEqual([])
    expect(existsSync(instance.run)).toBe(false)
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(instance.home)
  })

  it('names what it cannot stop, fails, and keeps what is needed to try again', async () => {
    const supervisor = instance.supervisor()
    const mounted = join(instance.run, 'mounted')
    mkdirSync(mounted)
    await run('mount', ['-t', 'tmpfs', 'tmpfs', mounted])
    const { code, said } = await instance.bin('down')
    expect(said).toContain(`what is mounted at ${mounted}`)
    expect(said).not.toMatch(/: stopped$/m)
    expect(code).toBe(1)
    expect(isRunning(supervisor)).toBe(false)
    expect(existsSync(join(instance.run, 'children.json'))).toBe(true)
    await run('umount', [mounted])
    expect((await instance.bin('down')).code).toBe(0)
    expect(existsSync(instance.run)).toBe(false)
  })
})
