import type { Duplex, Readable } from 'node:stream'
import { z } from 'zod'
import {
  type SandboxProcess,
  type SignalName,
  type StartProcess,
  sandboxProcess,
  type TerminalSize,
} from '../../protocol/api/index.js'
import { maxWaitMs, type StdinTaken } from '../../protocol/node/index.js'
import { audit, commandDetail } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { sendInput } from './input.js'

const processes = z.object({ processes: z.array(sandboxProcess) })
const nothing = z.unknown()

/** Processes of sandboxes: what outlives whoever started it, and can be attached to. */
export class ProcessService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
  ) {}

  /** @throws ApiError `invalid_request` when it cannot be started, `conflict` when there are too many */
  async start(who: Principal, sandboxId: string, wanted: StartProcess): Promise<SandboxProcess> {
    const node = await this.sandboxes.authorize(who, 'process.start', sandboxId)
    const audits = who.auditsCommands || (await this.sandboxes.isGuest(who, sandboxId))
    const detail = audits ? commandDetail(wanted) : {}
    const started = await node.ask('POST', pathOf(sandboxId), sandboxProcess, {}, wanted)
    await audit(this.database.prisma, who, 'process.start', sandboxId, { process: started.id, ...detail })
    return started
  }

  /** Those that run, terminals among them, and those that ended a short while ago. */
  async list(who: Principal, sandboxId: string): Promise<SandboxProcess[]> {
    const node = await this.sandboxes.authorize(who, 'process.read', sandboxId)
    return (await node.ask('GET', pathOf(sandboxId), processes)).processes
  }

  /** @param waitMs answers when it ends, or after this */
  async get(who: Principal, sandboxId: string, id: string, waitMs: number): Promise<SandboxProcess> {
    const until = performance.now() + waitMs
    for (;;) {
      const node = await this.sandboxes.authorize(who, 'process.read', sandboxId)
      const leftMs = Math.max(0, Math.min(maxWaitMs, Math.round(until - performance.now())))
      const query = { waitMs: leftMs }
      const found = await node.ask('GET', pathOf(sandboxId, id), sandboxProcess, query)
      if (found.exit !== null || performance.now() >= until) return found
    }
  }

  /** A line of its output, as the node gives it. @param since the first byte that is wanted */
  async attach(who: Principal, sandboxId: string, id: string, since: number | undefined): Promise<Duplex> {
    const node = await this.sandboxes.authorize(who, 'process.read', sandboxId)
    const line = await node.attachProcess(sandboxId, id, since)
    this.sandboxes.activity.attach(sandboxId, line)
    return line
  }

  /**
   * Sends it input, of any length and as fast as it reads.
   * @param close it reads the end of file after this
   * @throws ApiError `conflict` when it reads no input any more; `bytes` of it were taken before
   */
  async sendInput(
    who: Principal,
    sandboxId: string,
    id: string,
    input: Readable,
    close: boolean,
  ): Promise<Pick<StdinTaken, 'bytes'>> {
    const node = await this.sandboxes.authorize(who, 'process.write', sandboxId)
    const line = await node.processInput(sandboxId, id)
    this.sandboxes.activity.attach(sandboxId, line)
    const { bytes, whole } = await sendInput(line, input, close)
    if (whole) return { bytes }
    throw new ApiError(
      'conflict',
      `the process has ended, or reads no input any more; it took ${bytes} bytes. Start it with "stdin": true to send it input`,
    )
  }

  async signal(who: Principal, sandboxId: string, id: string, signal: SignalName): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'process.signal', sandboxId)
    await node.ask('POST', `${pathOf(sandboxId, id)}/signal`, nothing, {}, { signal })
  }

  /** @throws ApiError `invalid_request` when it has no terminal */
  async resize(who: Principal, sandboxId: string, id: string, size: TerminalSize): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'process.write', sandboxId)
    await node.ask('POST', `${pathOf(sandboxId, id)}/resize`, nothing, {}, size)
  }

  /** Kills it and forgets its output. */
  async remove(who: Principal, sandboxId: string, id: string): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'process.signal', sandboxId)
    await node.ask('DELETE', pathOf(sandboxId, id), nothing)
    await audit(this.database.prisma, who, 'process.kill', sandboxId, { process: id })
  }
}

const pathOf = (sandboxId: string, id?: string) =>
  `/sandboxes/${sandboxId}/processes${id === undefined ? '' : `/${id}`}`
