import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../cli/command.js'
import type { Logger } from '../common/log.js'
import { every } from '../common/timers.js'
import { raiseArpTableLimits } from '../runtime/network/neighbours.js'
import { isDiskOpen, openDisk } from '../runtime/rootfs/disk.js'
import { ask } from './ask.js'
import { Child, type Service } from './child.js'
import { clean, requireNothing } from './clean.js'
import { firstLine } from './doctor/finding.js'
import { endLeftover, findLeftovers, recordChildren } from './leftovers.js'
import { isRunning } from './lock.js'
import { boundLogs } from './logs.js'
import { portTrouble } from './port.js'
import { createDatabase, prepareDatabase } from './postgres.js'
import {
  type Access,
  accessOf,
  postgresService,
  runtimeService,
  serverService,
  serverState,
  sshService,
  terminalsService,
} from './services.js'
import type { Settings } from './settings.js'
import { setUp } from './setup.js'
import { hasRecipe, installTemplate } from './template/install.js'

const boundLogsEveryMs = 10_000
/** Stopping a sandbox takes some 20 ms; a full node has two thousand. */
const shutdownTimeoutMs = 180_000

/** What every node has beside `base`, where the recipe is there: quick to build, and wanted by most. */
const lightTemplates = ['code']

/** In which order things end: whoever uses another ends before it. */
const stopOrder = ['ssh', 'server', 'runtime', 'terminals', 'postgres'] as const

/** Everything that one instance runs on this machine. */
export class Supervisor {
  readonly #children = new Map<string, Child>()
  readonly #starting = new AbortController()
  #started: Promise<void> = Promise.resolve()
  #rotation: Disposable | undefined

  constructor(
    private readonly settings: Settings,
    private readonly say: (line: string) => void,
    private readonly log: Logger,
  ) {}

  /**
   * Starts everything, in the order of need, and returns when the server answers.
   * @throws Failure when something cannot; the caller then stops the rest
   */
  start(): Promise<void> {
    this.#started = this.#startAll()
    return this.#started
  }

  async #startAll(): Promise<void> {
    const { settings } = this
    // Here, outside the namespace that the runtime may be given: nowhere else is that table to be had.
    raiseArpTableLimits()
    const access = accessOf(settings)
    const ssh = await this.#sshService(access)
    const server = serverService(settings, access)
    const node = this.#startNode()
    const database = this.#startDatabase().then(() => setUp(settings, access))
    // Both, also when one fails: what was begun must have settled before it can be stopped.
    const failed = (await Promise.allSettled([node, database])).find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await this.#run(server)
    const state = await serverState(settings)
    if (state !== 'ready') this.say(`WARNING: ${state}`)
    if (ssh !== undefined) await this.#runSsh(ssh)
    this.#rotation = every(boundLogsEveryMs, 'keeping the logs to their size', this.log, () =>
      boundLogs(settings.home),
    )
  }

  /**
   * Stops everything: sandboxes too, whose disks stay. Leaves no process, mount or file in `/run` behind.
   * @throws Failure that names what is left all the same; the run directory then stays, for `bin/down` to try again
   */
  async stop(): Promise<void> {
    this.#starting.abort()
    // Nothing may be begun behind our back; an image that is being built is finished first.
    await this.#started.catch(() => {}) // whoever called `start` has heard it
    this.#rotation?.[Symbol.dispose]()
    const left: string[] = []
    for (const name of stopOrder) {
      const child = this.#children.get(name)
      if (child === undefined) continue
      if (name === 'runtime') await endSandboxes(child, this.settings, this.say)
      const { known } = child
      await child.stop()
      this.#children.delete(name)
      if (known !== undefined && isRunning(known)) left.push(`${name} (process ${known.pid})`)
    }
    left.push(...(await clean(this.settings, this.say)))
    requireNothing(left)
  }

  /** Restarts one service whose program has changed; sandboxes and terminals go on. */
  async restart(name: string): Promise<void> {
    await this.#children.get(name)?.restart()
  }

  /** Before the server, which tells people the host key. @returns undefined while SSH is off, or cannot be on */
  async #sshService(access: Access): Promise<Service | undefined> {
    const { settings } = this
    const { sshPort: port, host } = settings
    if (port === undefined) return undefined
    try {
      const trouble = await portTrouble({ host, port })
      if (trouble !== undefined) throw new Failure(`${trouble}. Set CLOCHE_SSH_PORT, empty for none`)
      return sshService(settings, access, port)
    } catch (error) {
      this.say(`WARNING: there is no SSH: ${firstLine(error)}`)
      return undefined
    }
  }

  /** Everything else goes on without it. */
  async #runSsh(service: Service): Promise<void> {
    try {
      await this.#run(service)
    } catch (error) {
      this.#starting.signal.throwIfAborted()
      this.say(`WARNING: there is no SSH: ${firstLine(error)}`)
    }
  }

  async #startNode(): Promise<void> {
    const { settings } = this
    if (await this.#openDisk()) await this.#installTemplates()
    await Promise.all([this.#run(terminalsService(settings)), this.#run(runtimeService(settings))])
  }

  /** @returns whether templates can be written to it; a disk that was made once and fails is the runtime's to mend */
  async #openDisk(): Promise<boolean> {
    const { home, diskGib } = this.settings
    const isNew = !existsSync(join(home, 'disk.img')) && !(await isDiskOpen(home))
    try {
      await openDisk(home, diskGib)
      return true
    } catch (error) {
      if (isNew) throw error
      this.say(
        `the disk of the sandboxes cannot be used now: ${firstLine(error)}. See docs/how-to/recover-from-disk-problems.md`,
      )
      return false
    }
  }

  /** A template that is there already serves on, whatever keeps it from being brought up to date. */
  async #installTemplates(): Promise<void> {
    const { settings } = this
    const file = join(settings.home, 'disk', 'templates', 'base.json')
    for (const name of ['base', ...lightTemplates.filter((one) => hasRecipe(settings, one))]) {
      try {
        await installTemplate(settings, name, this.say)
      } catch (error) {
        if (name === 'base' && !existsSync(file)) throw error
        const fate = existsSync(join(settings.home, 'disk', 'templates', `${name}.json`))
          ? 'not brought up to date'
          : 'left out'
        this.say(
          `template ${name} is ${fate}: ${firstLine(error)}. To try again: bin/cloche template build ${name}`,
        )
      }
    }
  }

  async #startDatabase(): Promise<void> {
    if (this.settings.databaseUrl !== undefined) return
    await prepareDatabase(this.settings)
    await this.#run(postgresService(this.settings))
    await createDatabase(this.settings)
  }

  async #run(service: Service): Promise<void> {
    this.#starting.signal.throwIfAborted()
    const child = new Child(service, this.settings.home, this.say, () => this.#record())
    this.#children.set(service.name, child)
    child.start()
    await child.untilReady(this.#starting.signal)
    this.say(`${service.name} is up`)
  }

  #record(): void {
    const known = [...this.#children].flatMap(([name, { known }]) => (known ? [[name, known] as const] : []))
    recordChildren(this.settings.run, new Map(known))
  }
}

/**
 * A supervisor that was killed leaves its children, which hold its port and its sockets. They end; sandboxes go
 * on, and the next runtime adopts them.
 */
export async function takeOver(settings: Settings, say: (line: string) => void): Promise<void> {
  const left = findLeftovers(settings.run)
  if (left.size === 0) return
  say(`an earlier supervisor was killed; ending what it left: ${[...left.keys()].join(', ')}`)
  await endInOrder(left)
}

/** Ends children that another supervisor left, users of a thing before the thing. */
export async function endInOrder(left: ReturnType<typeof findLeftovers>): Promise<void> {
  for (const name of stopOrder) {
    const one = left.get(name)
    if (one !== undefined) await endLeftover(one, name === 'postgres' ? 'SIGINT' : 'SIGTERM')
  }
}

/**
 * Has the runtime stop every sandbox and give back all it took of the host. It is started for that if it is dead:
 * nobody else knows what its sandboxes hold.
 */
export async function endSandboxes(
  runtime: Child,
  settings: Settings,
  say: (line: string) => void,
): Promise<void> {
  say('stopping the sandboxes; their disks stay')
  try {
    runtime.startIfDead()
    await runtime.untilReady(new AbortController().signal)
  } catch (error) {
    say(`they cannot be stopped: ${firstLine(error)}`)
    return
  }
  const socketPath = join(settings.run, 'runtime.sock')
  const { status, text } = await ask({ socketPath }, 'POST', '/shutdown', shutdownTimeoutMs)
  if (status !== 204 && status !== 200) say(`not all of them could be stopped: ${text || 'no answer'}`)
}
