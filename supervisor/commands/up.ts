import { spawn } from 'node:child_process'
import { closeSync, existsSync, fstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Command, Failure } from '../../cli/command.js'
import { createLog } from '../../common/log.js'
import { clean } from '../clean.js'
import { examine } from '../doctor/examine.js'
import { render } from '../doctor/finding.js'
import { readHostKey } from '../host-key.js'
import { findSupervisor, takeLock } from '../lock.js'
import { logPath, openLog, tailOf } from '../logs.js'
import { readSettings, requireRoot, type Settings } from '../settings.js'
import { adminCredentials } from '../setup.js'
import { Supervisor, takeOver } from '../supervisor.js'

/** What a supervisor in the background tells the command that started it. */
const report = z.union([
  z.object({ say: z.string() }),
  z.object({ ready: z.literal(true) }),
  z.object({ failed: z.string() }),
])
type Report = z.infer<typeof report>

export const up: Command = {
  name: 'up',
  group: 'This machine (needs root)',
  summary: 'Start Cloche and keep running until Ctrl-C or cloche down',
  details:
    'Environment: CLOCHE_INSTANCE, CLOCHE_HOME, HOST, PORT, CLOCHE_URL, DATABASE_URL and more: docs/reference/configuration.md',
  flags: {
    detach: {
      type: 'boolean',
      short: 'd',
      help: 'return when it is ready, and leave it running in the background',
    },
  },
  async run(call) {
    requireRoot('up')
    const settings = readSettings(process.env)
    mkdirSync(settings.home, { recursive: true, mode: 0o711 })
    return call.has('detach') ? detach(settings) : supervise(settings).catch(reportFailure)
  },
}

/**
 * Runs the supervisor in this process until a signal stops it.
 *
 * @param whenReady what else runs from when everything answers until it is stopped
 */
export async function supervise(
  settings: Settings,
  whenReady?: (supervisor: Supervisor, say: (line: string) => void) => Promise<AsyncDisposable>,
): Promise<number> {
  mkdirSync(settings.home, { recursive: true, mode: 0o711 })
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve('stopped'))
  })
  const log = createLog('supervisor', settings.logLevel)
  using lock = takeLock(settings.run)
  if (lock === undefined) {
    const pid = findSupervisor(settings.run)?.pid ?? 'just starting'
    throw new Failure(`${settings.instance} runs already (supervisor: ${pid}). To stop it: bin/down`)
  }
  await takeOver(settings, say)
  await requireFitMachine(settings).catch(async (error: unknown) => {
    // Where a runtime has been, its sandboxes may run on, and need what is there.
    if (!existsSync(join(settings.run, 'crun'))) await clean(settings, say)
    throw error
  })
  // What happens to one child must not end the others; a start that fails is caught below.
  process.on('uncaughtException', (error) => log.fatal({ error }, 'an error was not handled; going on'))
  // A terminal that has gone, or a full disk under the log.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const supervisor = new Supervisor(settings, say, log)
  try {
    if ((await Promise.race([supervisor.start(), stopped])) !== 'stopped') {
      await using _more = await whenReady?.(supervisor, say)
      say(welcome(settings))
      tell({ ready: true })
      if (process.connected) process.disconnect()
      await stopped
    }
    return 0
  } finally {
    say('stopping')
    await supervisor.stop()
    say('stopped')
  }
}

/** @throws Failure in the doctor's words when something essential is missing */
async function requireFitMachine(settings: Settings): Promise<void> {
  const lacks = (await examine(settings)).filter((one) => one.state === 'missing')
  if (lacks.length === 0) return
  throw new Failure(['this machine is not ready:', ...lacks.map(render)].join('\n  '))
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

function reportFailure(error: unknown): never {
  if (error instanceof Failure) tell({ failed: error.message })
  throw error
}

function say(line: string): void {
  console.log(`cloche: ${line}`)
  tell({ say: line })
}

function welcome(settings: Settings): string {
  const admin = adminCredentials(settings.home)
  const signIn = admin === undefined ? '' : `\n  ${howToSignIn(admin)}`
  return `ready at ${settings.url}${signIn}${howToConnect(settings)}\n  logs: ${settings.home}/logs   stop: bin/down`
}

function howToConnect({ home, sshPort }: Settings): string {
  const key = sshPort === undefined ? undefined : readHostKey(home)
  return key === undefined ? '' : `\n  SSH: port ${sshPort}, host key ${key.fingerprint}`
}

function howToSignIn({ file, email }: { file: string; email: string | undefined }): string {
  if (email !== undefined) return `sign in as ${email}; the password is in ${file}`
  return `${file} is damaged. Cloche does not need it; for a new password: bin/cloche password EMAIL`
}
