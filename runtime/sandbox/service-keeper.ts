import { setTimeout as sleep } from 'node:timers/promises'
import { type ExecRequest, newId, type ServiceStatus } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { Turns } from '../turns.js'
import { startExec } from './exec.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import { type Health, LastOutput, type Look, watchHealth } from './service-health.js'
import { cannotStart, endOf, identityOfService, lives, startService } from './service-process.js'
import type { ServiceRecord, StoredHealthcheck } from './service-record.js'

/** The pause before a service is started again, and what it doubles to at most. */
const [firstPauseMs, lastPauseMs] = [500, 60_000]
/** What has run for so long was not started in vain. */
const settledMs = 10_000
/** The process host may be away for a moment. */
const awayMs = 1000
/** Checks at once, of all sandboxes and of those of one tenant: each is a program that the kernel has to start. */
const [checksAtOnce, checksOfOneTenant] = [8, 2]
/** Others wait for its place meanwhile. */
const longestCheckSeconds = 30
/** What a process that was lost ended with: the process host ended, and with it all that it held. */
const lostExit = 137

/** What the keeper asks of those who hold the sandboxes. */
export interface ServiceHolder {
  find(id: string): SandboxRecord | undefined
  /** @throws RuntimeRefusal `sandbox_not_running`, `not_found` */
  ready(id: string): Promise<SandboxRecord>
  /** Writes down what has become of a service. */
  note(id: string, change: Partial<ServiceRecord>): Promise<void>
}

/** One service that is to run, while its sandbox does. */
interface Kept {
  readonly stop: AbortController
  state: 'running' | 'restarting'
  health: Health
  problem: string | null
}

/** Keeps the services of this node's sandboxes: starts them, starts again what ends, and looks whether they work. */
export class ServiceKeeper {
  readonly #kept = new Map<string, Kept>()
  /** Of those that could not be started, or have ended. */
  readonly #problems = new Map<string, string>()
  readonly #checks = new Turns(checksAtOnce, checksOfOneTenant)

  constructor(
    private readonly node: NodeContext,
    /** The process host's socket. */
    private readonly host: string,
    private readonly holder: () => ServiceHolder,
  ) {}

  /** A sandbox runs. @param adopted what is recorded of its service may run already */
  began(sandbox: SandboxRecord, { adopted = false } = {}): void {
    const { sandboxId, service } = sandbox
    if (sandboxId === null || service === null || !service.wanted || this.#kept.has(sandboxId)) return
    if (adopted && service.ended) return
    this.#problems.delete(sandboxId)
    const health = service.healthcheck === null ? 'none' : 'starting'
    const kept: Kept = { stop: new AbortController(), state: 'running', health, problem: null }
    this.#kept.set(sandboxId, kept)
    this.#keep(sandboxId, kept, adopted)
      .catch((error: unknown) =>
        this.node.log.error({ err: error, sandboxId }, 'a service is not kept any more'),
      )
      .finally(() => {
        if (this.#kept.get(sandboxId) !== kept) return
        this.#kept.delete(sandboxId)
        if (kept.problem !== null) this.#problems.set(sandboxId, kept.problem)
      })
  }

  /** Whether its last process still runs. @throws RuntimeRefusal `runtime_unavailable` */
  async lives({ sandboxId, service, init }: SandboxRecord): Promise<boolean> {
    if (sandboxId === null || init === null || service === null || service.process === null) return false
    return lives(this.host, sandboxId, service.process)
  }

  /** Nothing is started in it any more: it was stopped, or is gone. */
  ended(id: string): void {
    this.#kept.get(id)?.stop.abort()
    this.#kept.delete(id)
    this.#problems.delete(id)
  }

  /** @returns null when it has none */
  statusOf({ sandboxId, service, init }: SandboxRecord): ServiceStatus | null {
    if (service === null) return null
    const { exitCode, restarts, startedAt, process, ended } = service
    const kept = init === null ? undefined : this.#kept.get(sandboxId ?? '')
    const known = { exitCode, restarts, startedAt, process }
    if (kept !== undefined) return { ...known, ...pick(kept) }
    const problem = this.#problems.get(sandboxId ?? '') ?? null
    return { ...known, state: ended ? 'exited' : 'waiting', health: 'none', problem }
  }

  /** For this runtime's end: nothing is looked at any more, and what runs goes on. */
  close(): void {
    for (const { stop } of this.#kept.values()) stop.abort()
  }

  async #keep(id: string, kept: Kept, adopted: boolean): Promise<void> {
    const { signal } = kept.stop
    if (!adopted)
      await this.#note(id, { process: null, startedAt: null, ended: false, exitCode: null, restarts: 0 })
    for (let tries = 0, inRow = 0; !signal.aborted; tries++, inRow++) {
      const began = performance.now()
      kept.state = 'running'
      const exitCode = await this.#runOnce(id, kept)
      const service = this.holder().find(id)?.service
      if (exitCode === undefined || signal.aborted || service === null || service === undefined) return
      if (!isStartedAgain(service, exitCode, tries)) {
        return this.#note(id, { ended: true, exitCode })
      }
      if (performance.now() - began > settledMs) inRow = 0
      kept.state = 'restarting'
      await this.#note(id, { process: null, exitCode, restarts: service.restarts + 1 })
      const pauseMs = Math.min(firstPauseMs * 2 ** inRow, lastPauseMs)
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {}) // aborted: the end
    }
  }

  /** @returns its exit code; undefined when its sandbox has ended first */
  async #runOnce(id: string, kept: Kept): Promise<number | undefined> {
    const { signal } = kept.stop
    while (!signal.aborted) {
      try {
        const process = await this.#process(id, kept)
        if (process === undefined) return signal.aborted ? undefined : cannotStart
        return await this.#follow(id, process, kept)
      } catch (error) {
        if (!(error instanceof RuntimeRefusal)) throw error
        if (error.code === 'sandbox_not_running' || error.code === 'not_found') return undefined
        this.node.log.warn({ err: error, id }, 'a service is tried again')
        kept.problem = error.message
        await sleep(awayMs, undefined, { signal, ref: false }).catch(() => {}) // aborted: the end
      }
    }
    return undefined
  }

  /** The process of a service, which is started where it does not run yet. @returns undefined when it cannot be */
  async #process(id: string, kept: Kept): Promise<string | undefined> {
    const sandbox = await this.holder().ready(id)
    const { service } = sandbox
    if (service === null) return undefined
    if (service.process !== null && service.startedAt !== null) return service.process
    const process = service.process ?? newId('pr')
    await this.#note(id, { process, startedAt: null })
    if (kept.stop.signal.aborted) return undefined
    const answer = await startService(this.node, this.host, sandbox, service, process)
    if ('problem' in answer) {
      kept.problem = answer.problem
      return undefined
    }
    kept.problem = null
    await this.#note(id, { process: answer.process, startedAt: new Date().toISOString() })
    return answer.process
  }

  async #follow(id: string, process: string, kept: Kept): Promise<number | undefined> {
    const ended = new AbortController()
    const signal = AbortSignal.any([kept.stop.signal, ended.signal])
    const healthcheck = this.holder().find(id)?.service?.healthcheck ?? null
    kept.health = healthcheck === null ? 'none' : 'starting'
    kept.problem = null
    const tell = (health: Health, output: string | null) => {
      kept.health = health
      kept.problem = output
    }
    if (healthcheck !== null) {
      watchHealth(healthcheck, () => this.#look(id, healthcheck), tell, signal).catch((error: unknown) =>
        this.node.log.error({ err: error, id }, 'the health of a service is not looked at any more'),
      )
    }
    try {
      const exit = await endOf(this.host, id, process, kept.stop.signal)
      return exit === 'lost' ? lostExit : exit
    } finally {
      ended.abort()
    }
  }

  /** Runs the check once. */
  async #look(id: string, { test, timeoutSeconds }: StoredHealthcheck): Promise<Look | undefined> {
    using _ = await this.#checks.take(this.holder().find(id)?.tenantId ?? '')
    try {
      const sandbox = await this.holder().ready(id)
      const service = sandbox.service
      if (service === null) return undefined
      const seconds = Math.min(timeoutSeconds, longestCheckSeconds)
      const request: ExecRequest = {
        ...{ command: [...test], user: 'root', encoding: 'utf8', timeoutMs: seconds * 1000 },
        ...(service.cwd === null ? {} : { cwd: service.cwd }),
      }
      const running = await startExec(this.node, sandbox, request, identityOfService(sandbox, service.user))
      const output = new LastOutput()
      const { exitCode, timedOut } = await running.follow((_, bytes, pipe) => output.push(bytes, pipe))
      const late = `the health check was ended after ${seconds} s`
      return { works: exitCode === 0, output: timedOut ? `${output.text}\n${late}`.trim() : output.text }
    } catch (error) {
      if (!(error instanceof RuntimeRefusal)) throw error
      const isAway = ['sandbox_not_running', 'not_found', 'runtime_unavailable'].includes(error.code)
      return isAway ? undefined : { works: false, output: error.message }
    }
  }

  #note(id: string, change: Partial<ServiceRecord>): Promise<void> {
    return this.holder().note(id, change)
  }
}

const pick = ({ state, health, problem }: Kept) => ({ state, health, problem })

function isStartedAgain({ restart, retries }: ServiceRecord, exitCode: number, tries: number): boolean {
  if (restart === 'no') return false
  if (restart !== 'on-failure') return true
  return exitCode !== 0 && (retries === null || tries < retries)
}
