import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../cli/command.js'
import { startTime } from '../runtime/linux/process.js'
import type { KnownProcess } from './lock.js'
import { logPath, openLog, tailOf } from './logs.js'

/** The first restart comes after this long, each further one after twice as long, up to the longest. */
const firstBackoffMs = 250
const longestBackoffMs = 30_000
/** What has run for so long has recovered: its next death begins with the first back-off again. */
const settledMs = 20_000
/** So many deaths before it was ever ready mean that it cannot start. */
const maxEarlyDeaths = 5
/** What was killed and waits for a disk that does not answer stays for longer than this. */
const dyingMs = 30_000
const pollMs = 50

/** A program that the supervisor keeps running. */
export interface Service {
  readonly name: string
  /** The command line; asked for at each start. */
  command(): readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly stopSignal: NodeJS.Signals
  /** It is killed when it has not ended so long after its signal. */
  readonly stopTimeoutMs: number
  /** Whether it answers now. */
  ready(): Promise<boolean>
  /** It cannot start when it does not answer within this. */
  readonly readyTimeoutMs: number
}

/** One service's process, started again whenever it dies by itself. */
export class Child {
  #process: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #known: KnownProcess | undefined
  #stopping = false
  #deaths = 0
  #backoffMs = firstBackoffMs
  #logStart = 0

  constructor(
    readonly service: Service,
    private readonly home: string,
    private readonly say: (line: string) => void,
    private readonly changed: () => void,
  ) {}

  /** The process as it is recorded for a later supervisor. */
  get known(): KnownProcess | undefined {
    return this.#known
  }

  start(): void {
    const [program = '', ...args] = this.service.command()
    const log = openLog(this.home, this.service.name)
    if (this.#deaths === 0) this.#logStart = fstatSync(log).size
    const began = performance.now()
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: this.service.env,
      // Ctrl-C reaches the whole foreground group; the order in which to stop is the supervisor's.
      detached: true,
    })
    closeSync(log)
    this.#process = child
    this.#known =
      child.pid === undefined ? undefined : { pid: child.pid, startTime: startTime(child.pid) ?? 0 }
    this.changed()
    child.once('error', (error) => this.#ended(error.message, began))
    child.once('exit', (code, signal) => this.#ended(signal ?? `exit code ${code}`, began))
  }

  /** Starts it now if it waits to be started again. */
  startIfDead(): void {
    clearTimeout(this.#restart)
    if (this.#process === undefined) this.start()
  }

  /**
   * Resolves when it answers.
   * @throws Failure with the end of its log when it dies again and again, or does not answer in time
   */
  async untilReady(signal: AbortSignal): Promise<void> {
    const { name, readyTimeoutMs } = this.service
    const giveUpAt = performance.now() + readyTimeoutMs
    while (!(this.#process !== undefined && (await this.service.ready()))) {
      signal.throwIfAborted()
      if (this.#deaths >= maxEarlyDeaths) throw this.#failure(`${name} does not start`)
      if (performance.now() > giveUpAt) {
        throw this.#failure(`${name} does not answer after ${readyTimeoutMs / 1000} s`)
      }
      await sleep(pollMs)
    }
    this.#deaths = 0
  }

  /** Asks it to end, and kills it when it does not. Returns also when the kernel cannot end it. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restart)
    const child = this.#process
    if (child === undefined) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(this.service.stopSignal)
    const kill = setTimeout(() => {
      this.say(`${this.service.name} does not end; killing it`)
      child.kill('SIGKILL')
    }, this.service.stopTimeoutMs)
    const patience = new AbortController()
    const late = sleep(this.service.stopTimeoutMs + dyingMs, undefined, { signal: patience.signal })
    await Promise.race([ended, late])
    patience.abort()
    late.catch(() => {}) // aborted, as just asked for
    clearTimeout(kill)
  }

  /** Ends it, as `stop` does, and starts it again at once: what it runs from has changed. */
  async restart(): Promise<void> {
    await this.stop()
    this.#stopping = false
    await this.#startAgain()
  }

  async #startAgain(): Promise<void> {
    this.start()
    const own = this.#process
    const mayAnswer = () => this.#process === own && !this.#stopping
    while (mayAnswer() && !(await this.service.ready())) await sleep(pollMs)
    if (mayAnswer()) this.say(`${this.service.name} is up again`)
  }

  #ended(how: string, began: number): void {
    if (this.#process === undefined) return // an 'error' came first
    this.#process = undefined
    this.#known = undefined
    this.changed()
    if (this.#stopping) return
    this.#deaths++
    if (performance.now() - began > settledMs) this.#backoffMs = firstBackoffMs
    const { name } = this.service
    this.say(`${name} died (${how}); starting it again in ${this.#backoffMs / 1000} s`)
    this.#restart = setTimeout(() => void this.#startAgain(), this.#backoffMs)
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs)
  }

  #failure(what: string): Failure {
    const path = logPath(this.home, this.service.name)
    const words = tailOf(path, this.#logStart) || '(it said nothing)'
    return new Failure(`${what}. The end of ${path}:\n${words.replace(/^/gm, '  ')}`)
  }
}
