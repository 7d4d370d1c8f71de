import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { testInstance } from './test-instance.js'

const run = promisify(execFile)
const adminFile = z.object({ url: z.url(), email: z.string(), password: z.string(), apiKey: z.string() })

/** A whole Cloche of its own: database, runtime, process host and server, as `bin/up` starts them. */
export interface Instance extends AsyncDisposable {
  readonly url: string
  readonly name: string
  readonly home: string
  /** The first operator. */
  readonly admin: z.infer<typeof adminFile>
  /** For `bin/cloche` commands that are about this instance. */
  readonly env: NodeJS.ProcessEnv
  /** Processes by name, as the supervisor has recorded them. */
  processes(): Promise<ReadonlyMap<string, number>>
}

/**
 * Brings an instance up for tests. Its uplink is a network namespace where nothing else is, so nothing that
 * happens inside leaves it. `bin/test` has built what it runs.
 *
 * @param suffix tells the instances of several test files apart; 1 to 5 lowercase letters, for names are bounded
 * @param settings environment variables of docs/reference/configuration.md
 */
export async function openInstance(
  suffix: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  if (!/^[a-z]{1,5}$/.test(suffix)) throw new Error(`the suffix ${suffix} is not 1 to 5 lowercase letters`)
  const name = `${testInstance}${suffix}`
  const home = homeOf(name)
  const port = await freePort()
  const env = {
    ...process.env,
    ...{ CLOCHE_INSTANCE: name, CLOCHE_HOME: home, CLOCHE_NETNS: name, CLOCHE_POOL_SIZE: '2' },
    ...{ CLOCHE_RESOLVERS: '192.0.2.1', PORT: String(port), LOG_LEVEL: 'warn', ...settings },
  }
  await removeInstance(name)
  await run('ip', ['netns', 'add', name])
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  try {
    await run('bin/cloche', ['up', '--detach'], { env })
  } catch (error) {
    await removeInstance(name)
    throw error
  }
  const admin = adminFile.parse(JSON.parse(await readFile(join(home, 'admin.json'), 'utf8')))
  const children = z.record(z.string(), z.object({ pid: z.number() }))
  return {
    ...{ url: admin.url, name, home, admin, env },
    processes: async () => {
      const text = await readFile(`/run/cloche/${name}/children.json`, 'utf8')
      return new Map(Object.entries(children.parse(JSON.parse(text))).map(([key, { pid }]) => [key, pid]))
    },
    [Symbol.asyncDispose]: () => removeInstance(name),
  }
}

const homeOf = (name: string) => `/var/tmp/${name}-home`

/** Ends an instance of a test and removes all that it has on this machine. Nothing need be there. */
export async function removeInstance(name: string): Promise<void> {
  const home = homeOf(name)
  const env = { ...process.env, CLOCHE_INSTANCE: name, CLOCHE_HOME: home, CLOCHE_NETNS: name }
  await run('bin/cloche', ['down'], { env }).catch(() => {}) // nothing was up
  await run('umount', [join(home, 'disk')]).catch(() => {}) // or it was not mounted
  await rm(home, { recursive: true, force: true })
  await run('ip', ['netns', 'del', name]).catch(() => {}) // or it was not there
  await run('userdel', [`cloche-${name}`]).catch(() => {}) // nor its user
}

/** A port of the loopback address that nobody listens at now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
