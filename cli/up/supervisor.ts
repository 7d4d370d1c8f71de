import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeRoomForNeighbours } from '../../runtime/network/neighbours.js'
import { closeDisk, openDisk } from '../../runtime/rootfs/disk.js'
import { firstLine } from '../doctor/finding.js'
import type { Settings } from '../settings.js'
import { hasRecipe, installTemplate } from '../template/install.js'
import { ask } from './ask.js'
import { Child, type Service } from './child.js'
import { endLeftover, findLeftovers, recordChildren } from './leftovers.js'
import { boundLogs } from './logs.js'
import { createDatabase, prepareDatabase } from './postgres.js'
import { accessOf, postgresService, runtimeService, serverService, terminalsService } from './services.js'
import { setUp } from './setup.js'

const boundLogsEveryMs = 10_000
/** Stopping a sandbox takes some 20 ms; a full node has two thousand. */
const shutdownTimeoutMs = 180_000

/** What every node has beside `base`, where the recipe is there: quick to build, and wanted by most. */
const lightTemplates = ['code']

/** In which order things end: whoever uses another ends before it. */
const stopOrder = ['server', 'runtime', 'terminals', 'postgres'] as const

/** Everything that one instance runs on this machine. */
export class Supervisor {
  readonly #children = new Map<string, Child>()
  readonly #starting = new AbortController()
  #started: Promise<void> = Promise.resolve()
  #rotation: NodeJS.Timeout | undefined

  constructor(
    private readonly settings: Settings,
    private readonly say: (line: string) => void,
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
    makeRoomForNeighbours()
    const access = accessOf(settings)
    const server = serverService(settings, access)
    const node = this.#startNode()
    const database = this.#startDatabase().then(() => setUp(settings, access))
    // Both, also when one fails: what was begun must have settled before it can be stopped.
    const failed = (await Promise.allSettled([node, database])).find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    await this.#run(server)
    this.#rotation = setInterval(() => boundLogs(settings.home), boundLogsEveryMs)
  }

  /** Stops everything: sandboxes too, whose disks stay. Leaves no process, mount or file in `/run` behind. */
  async stop(): Promise<void> {
    this.#starting.abort()
    // Nothing may be begun behind our back; an image that is being built is finished first.
    await this.#started.catch(() => {}) // whoever called `start` has heard it
    clearInterval(this.#rotation)
    for (const name of stopOrder) {
      const child = this.#children.get(name)
      if (child === undefined) continue
      if (name === 'runtime') await endSandboxes(child, this.settings, this.say)
      await child.stop()
      this.#children.delete(name)
    }
    await clean(this.settings, this.say)
  }

  async #startNode(): Promise<void> {
    const { settings } = this
    await openDisk(settings.home, settings.diskGib)
    await installTemplate(settings, 'base', this.say)
    for (const name of lightTemplates.filter((one) => hasRecipe(settings, one))) {
      await installTemplate(settings, name, this.say).catch((error: unknown) =>
        this.say(
          `template ${name} is left out: ${firstLine(error)}. To try again: bin/cloche template build ${name}`,
        ),
      )
    }
    await Promise.all([this.#run(terminalsService(settings)), this.#run(runtimeService(settings))])
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

/** Unmounts the disk and removes the run directory; what is in the way is said and left. */
export async function clean(settings: Settings, say: (line: string) => void): Promise<void> {
  const { home, run } = settings
  await closeDisk(home).catch((error: unknown) => say(`the disk stays mounted: ${error}`))
  // A recursive removal that met a mount would empty what is mounted.
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const mounted = mounts.map((line) => line.split(' ')[4] ?? '').filter((at) => at.startsWith(`${run}/`))
  if (mounted.length > 0) {
    say(`${run} stays: something is mounted at ${mounted.join(', ')}`)
    return
  }
  if (!existsSync(run)) return
  for (const name of readdirSync(run)) {
    if (name === 'supervisor.pid') continue
    const path = join(run, name)
    rmSync(path, { recursive: statSync(path).isDirectory() })
  }
}
