import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../command.js'
import type { Settings } from '../settings.js'
import { ask } from './ask.js'
import type { Service } from './child.js'
import { confined, nodeView } from './confine.js'
import { postgresAnswers } from './database.js'
import { embeddedUrl, postgresCommand } from './postgres.js'

/** What every child may know of this process's environment, beside Cloche's own variables. */
const shared = ['PATH', 'LANG', 'TZ', 'LOG_LEVEL', 'NODE_EXTRA_CA_CERTS']

function environment(settings: Settings, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([key, value]) => value !== '' && (shared.includes(key) || key.startsWith('CLOCHE_')),
  )
  const { CLOCHE_SECRET: _, ...handedOn } = Object.fromEntries(own)
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

/** The terminal host or the runtime: as root, in the instance's network namespace. */
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
  privileged(settings, 'terminals', 'runtime/terminal/host.js', 'terminals.sock')
export const runtimeService = (settings: Settings) =>
  privileged(settings, 'runtime', 'runtime/index.js', 'runtime.sock')

/** What the server and its setup step are told. */
export function serverEnvironment(settings: Settings, databaseUrl: string, secret: string) {
  return environment(settings, {
    DATABASE_URL: databaseUrl,
    CLOCHE_RUNTIME_SOCKET: join(settings.run, 'runtime.sock'),
    CLOCHE_SECRET: secret,
    CLOCHE_URL: settings.url,
    HOST: settings.host,
    PORT: String(settings.port),
  })
}

export function serverService(settings: Settings, databaseUrl: string, secret: string): Service {
  built(settings, 'server/index.js')
  return {
    name: 'server',
    command: () => confined(settings, [nodeView(settings), '--enable-source-maps', 'dist/server/index.js']),
    env: serverEnvironment(settings, databaseUrl, secret),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 15_000,
    ready: async () => (await ask(reachable(settings), 'GET', '/readyz')).status === 200,
    readyTimeoutMs: 60_000,
  }
}

/** The command line of the setup step, which migrates the database and makes the first operator. */
export function setupCommand(settings: Settings): string[] {
  built(settings, 'server/setup.js')
  return confined(settings, [nodeView(settings), '--enable-source-maps', 'dist/server/setup.js'])
}

/** Where this machine reaches a server that listens on `host`: everywhere is also here. */
export function reachable({ host, port }: Settings): { host: string; port: number } {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  if (host === '::') return { host: '::1', port }
  return { host, port }
}
