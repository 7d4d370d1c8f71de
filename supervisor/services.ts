import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../cli/command.js'
import { gatewaySecretOf } from '../common/gateway-secret.js'
import { ask } from './ask.js'
import type { Service } from './child.js'
import { confined, nodeView } from './confine.js'
import { postgresAnswers } from './database.js'
import { keptHostKey, readHostKey } from './host-key.js'
import { embeddedUrl, postgresCommand } from './postgres.js'
import { keptSecret } from './secret.js'
import type { Settings } from './settings.js'
import { idsOf } from './user.js'

/** What every child may know of this process's environment, beside Cloche's own variables. */
const shared = ['PATH', 'LANG', 'TZ', 'LOG_LEVEL', 'NODE_EXTRA_CA_CERTS']

function environment(settings: Settings, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([key, value]) => value !== '' && (shared.includes(key) || key.startsWith('CLOCHE_')),
  )
  const { CLOCHE_SECRET: _, CLOCHE_SECRET_FILE: __, ...handedOn } = Object.fromEntries(own)
  return { ...handedOn, ...more, NODE_ENV: 'production' as const, LOG_LEVEL: settings.logLevel }
}

/** @throws Failure when it has not been built */
function built(settings: Settings, program: string): string {
  const path = join(settings.app, 'dist', program)
  if (!existsSync(path)) {
    throw new Failure(`dist/${program} is missing: it has not been built. Type: bin/build`)
  }
  return path
}

export function postgresService(settings: Settings): Service {
  return {
    name: 'postgres',
    command: () => postgresCommand(settings),
    env: environment(settings, { LC_ALL: 'C' }),
    stopSignal: 'SIGINT', // PostgreSQL's fast shutdown
    stopTimeoutMs: 30_000,
    ready: () => postgresAnswers(embeddedUrl(settings, 'postgres')),
    readyTimeoutMs: 60_000,
  }
}

/** The process host or the runtime: as root, in the instance's network namespace. */
function privileged(settings: Settings, name: string, program: string, socket: string): Service {
  const path = built(settings, program)
  const into = settings.netns === undefined ? [] : ['nsenter', `--net=/run/netns/${settings.netns}`]
  return {
    name,
    command: () => [...into, process.execPath, '--enable-source-maps', path],
    env: environment(settings, { CLOCHE_HOME: settings.home, CLOCHE_INSTANCE: settings.instance }),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    ready: async () =>
      (await ask({ socketPath: join(settings.run, socket) }, 'GET', '/healthz')).status === 200,
    readyTimeoutMs: 60_000,
  }
}

export const terminalsService = (settings: Settings) =>
  privileged(settings, 'terminals', 'runtime/host/host.js', 'terminals.sock')
export const runtimeService = (settings: Settings) =>
  privileged(settings, 'runtime', 'runtime/index.js', 'runtime.sock')

/** What the server needs to know of its database and its sessions. */
export interface Access {
  readonly databaseUrl: string
  readonly secret: string
}

/** What an operator has set, or else what this instance has of its own. */
export function accessOf(settings: Settings): Access {
  return {
    databaseUrl: settings.databaseUrl ?? embeddedUrl(settings),
    secret: settings.secret ?? keptSecret(settings.home),
  }
}

/**
 * Hands a secret over by a file that only the instance's user can read. What is in a process's environment is in
 * that of all its children, too, and is seen by everybody who may look at it in /proc.
 */
function secretFile(settings: Settings, name: string, content: string): string {
  const directory = join(settings.run, 'secrets')
  mkdirSync(directory, { recursive: true, mode: 0o711 })
  const file = join(directory, name)
  rmSync(`${file}.new`, { force: true })
  writeFileSync(`${file}.new`, content, { mode: 0o400 })
  const { uid, gid } = idsOf(settings.group)
  chownSync(`${file}.new`, uid, gid)
  renameSync(`${file}.new`, file)
  return file
}

/** The SSH gateway: confined as the server is, and it has neither database nor runtime. */
export function sshService(settings: Settings, access: Access, port: number): Service {
  built(settings, 'gateway/index.js')
  const command = () =>
    confined(settings, [nodeView(settings), '--enable-source-maps', join('dist', 'gateway/index.js')])
  const { host, port: serverPort } = reachable(settings)
  return {
    name: 'ssh',
    command,
    env: {
      ...Object.fromEntries(shared.map((name) => [name, process.env[name]])),
      ...{ NODE_ENV: 'production' as const, LOG_LEVEL: settings.logLevel, HOST: settings.host },
      CLOCHE_SSH_PORT: String(port),
      CLOCHE_SSH_SERVER: `http://${host.includes(':') ? `[${host}]` : host}:${serverPort}`,
      CLOCHE_SSH_SECRET_FILE: secretFile(settings, 'ssh-secret', gatewaySecretOf(access.secret)),
      CLOCHE_SSH_PRIVATE_KEY_FILE: secretFile(settings, 'ssh-key', keptHostKey(settings.home).private),
    },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 5000,
    ready: () => answersSsh(reachable(settings).host, port),
    readyTimeoutMs: 30_000,
  }
}

/** Whether SSH is spoken there. */
function answersSsh(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 })
    const end = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.once('data', (bytes) => end(bytes.toString('latin1').startsWith('SSH-2.0-')))
    for (const event of ['error', 'close', 'timeout']) socket.once(event, () => end(false))
  })
}

/** How a program of the server is run: confined, and told where everything is. */
export function serverProgram(settings: Settings, program: string, args: readonly string[], access: Access) {
  built(settings, program)
  const command = confined(settings, [
    nodeView(settings),
    '--enable-source-maps',
    join('dist', program),
    ...args,
  ])
  const env = environment(settings, {
    // Times in the database are UTC, and node-postgres writes them in its process's own zone.
    TZ: 'UTC',
    DATABASE_URL_FILE: secretFile(settings, 'database-url', access.databaseUrl),
    CLOCHE_RUNTIME_SOCKET: join(settings.run, 'runtime.sock'),
    CLOCHE_SECRET_FILE: secretFile(settings, 'secret', access.secret),
    CLOCHE_URL: settings.url,
    HOST: settings.host,
    PORT: String(settings.port),
    ...publicHostKey(settings),
  })
  return { command, env }
}

/** What clients are told to expect; nothing while SSH is off, or its key damaged. */
function publicHostKey({ home, sshPort }: Settings): Readonly<Record<string, string>> {
  const key = sshPort === undefined ? undefined : readHostKey(home)
  return key === undefined ? {} : { CLOCHE_SSH_HOST_KEY: key.public }
}

export function serverService(settings: Settings, access: Access): Service {
  const start = () => serverProgram(settings, 'server/index.js', [], access)
  return {
    name: 'server',
    command: () => start().command,
    env: start().env,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 15_000,
    // A server whose database and node do not belong together answers: an operator has to decide there.
    ready: async () => (await serverState(settings)) !== 'not ready',
    readyTimeoutMs: 60_000,
  }
}

const readiness = z.object({ installation: z.string(), problem: z.string().optional() })

/** @returns `ready`, `not ready`, or what is wrong between the database and the node */
export async function serverState(settings: Settings): Promise<string> {
  const { status, text } = await ask(reachable(settings), 'GET', '/readyz')
  if (status === 200) return 'ready'
  try {
    const { installation, problem } = readiness.parse(JSON.parse(text))
    return installation === 'mismatch' && problem !== undefined ? problem : 'not ready'
  } catch {
    return 'not ready' // nobody answers, or somebody else
  }
}

/** Where this machine reaches a server that listens on `host`: everywhere is also here. */
export function reachable({ host, port }: Settings): { host: string; port: number } {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  if (host === '::') return { host: '::1', port }
  return { host, port }
}
