import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync } from 'node:fs'
import { z } from 'zod'
import { type Command, Failure } from './command.js'
import { readSettings, requireRoot, type Settings } from './settings.js'
import { findSupervisor, takeLock } from './up/lock.js'
import { logPath, openLog, tailOf } from './up/logs.js'
import { requireFreePort } from './up/port.js'
import { adminCredentials } from './up/setup.js'
import { Supervisor } from './up/supervisor.js'

/** What a supervisor in the background tells the command that started it. */
const report = z.union([
  z.object({ say: z.string() }),
  z.object({ ready: z.string() }),
  z.object({ failed: z.string() }),
])
type Report = z.infer<typeof report>

export const up: Command = {
  name: 'up',
  summary: 'Starts Cloche on this machine and stays until Ctrl-C or `cloche down`.',
  details:
    'Environment: CLOCHE_INSTANCE, CLOCHE_HOME, HOST, PORT, CLOCHE_URL, DATABASE_URL and more: docs/operating.md',
  flags: { detach: { type: 'boolean', short: 'd', help: 'return when it is ready, and leave it running' } },
  async run(call) {
    requireRoot('up')
    const settings = readSettings(process.env)
    mkdirSync(settings.home, { recursive: true, mode: 0o711 })
    return call.has('detach') ? detach(settings) : supervise(settings)
  },
}

/** Runs the supervisor in this process until a signal stops it. */
async function supervise(settings: Settings): Promise<number> {
  using lock = takeLock(settings.run)
  if (lock === undefined) {
    const pid = findSupervisor(settings.run)?.pid
    throw failed(`${settings.instance} runs already (supervisor ${pid ?? 'starting'}). bin/down stops it`)
  }
  const say = (line: string) => {
    console.log(`cloche: ${line}`)
    tell({ say: line })
  }
  const supervisor = new Supervisor(settings, say)
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  })
  try {
    await requireFreePort(settings)
    const outcome = await Promise.race([supervisor.start(), stopped.then(() => 'stopped' as const)])
    if (outcome !== 'stopped') {
      say(welcome(settings))
      tell({ ready: '' })
      if (process.connected) process.disconnect()
      await stopped
    }
    say('stopping')
    return 0
  } catch (error) {
    throw error instanceof Failure ? failed(error.message) : error
  } finally {
    await supervisor.stop()
    say('stopped')
  }
}

/** Starts a supervisor in a session of its own and waits until it is ready, or has failed. */
async function detach(settings: Settings): Promise<number> {
  const log = openLog(settings.home, 'supervisor')
  const since = fstatSync(log).size
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'up'], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    cwd: '/',
  })
  closeSync(log)
  const interrupt = () => child.kill('SIGTERM')
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.on('message', (message) => {
      const heard = report.parse(message)
      if ('say' in heard) console.log(`cloche: ${heard.say}`)
      else if ('failed' in heard) reject(new Failure(heard.failed))
      else {
        child.unref()
        resolve(0)
      }
    })
    child.once('exit', (code, signal) => {
      const path = logPath(settings.home, 'supervisor')
      reject(new Failure(`the supervisor ended (${signal ?? code}). ${path}:\n${tailOf(path, since)}`))
    })
  })
}

/** Tells the command that waits for this supervisor, if one does. */
function tell(message: Report): void {
  if (process.connected) process.send?.(message)
}

function failed(message: string): Failure {
  tell({ failed: message })
  return new Failure(message)
}

function welcome(settings: Settings): string {
  const admin = adminCredentials(settings.home)
  const signIn = admin === undefined ? '' : `\n  sign in as ${admin.email}; the password is in ${admin.file}`
  return `ready at ${settings.url}${signIn}\n  logs: ${settings.home}/logs   stop: bin/down`
}
