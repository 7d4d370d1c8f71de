import type { Duplex } from 'node:stream'
import type { OpenTerminal, Terminal } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { notThere } from '../auth/exams.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Held } from '../guests/guests.js'
import type { BroadcastWatch } from '../lessons/broadcast-watch.js'
import type { SandboxService } from '../sandboxes/service.js'

/** A line to a terminal, what decides about each frame that is sent on it, and what is to be called for each that passes. */
interface Attached {
  readonly line: Duplex
  readonly held: Held
  /** Keeps the sandbox awake. */
  readonly used: () => void
  /** Counts as time on task. */
  readonly typed: () => void
}

/** Terminals of sandboxes. */
export class TerminalService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly broadcasts: BroadcastWatch,
  ) {}

  async list(who: Principal, sandboxId: string): Promise<Terminal[]> {
    const node = await this.sandboxes.authorize(who, 'terminal.read', sandboxId)
    return node.terminals(sandboxId)
  }

  async open(who: Principal, sandboxId: string, wanted: OpenTerminal): Promise<Terminal> {
    const node = await this.sandboxes.authorize(who, 'terminal.open', sandboxId)
    const terminal = await node.openTerminal(sandboxId, wanted)
    await audit(this.database.prisma, who, 'terminal.open', sandboxId)
    return terminal
  }

  /**
   * A line to a terminal, as the node gives it: frames both ways.
   * @param since the byte to go on from; a screen comes first without it
   * @returns the line, what decides about each frame that is sent on it, and what is to be called for each that passes, and for each
   *   that was typed
   */
  async attach(
    who: Principal,
    sandboxId: string,
    terminalId: string,
    since: number | undefined,
  ): Promise<Attached> {
    if (await this.#isShownOnly(who, sandboxId)) return this.#watch(who, sandboxId, terminalId, since)
    const looks =
      who.keyLimits?.readOnly === true || (await this.sandboxes.accessOf(who, sandboxId)) === 'look'
    const action = looks ? 'terminal.look' : 'terminal.open'
    const node = await this.sandboxes.authorize(who, action, sandboxId)
    const line = await node.attach(sandboxId, terminalId, since)
    const held = await this.sandboxes.hold(who, sandboxId, () => line.destroy())
    line.once('close', held.release)
    if (!looks) this.sandboxes.holdOpen(who, sandboxId, line)
    const used = looks ? () => {} : () => this.sandboxes.activity.use(sandboxId)
    const typed = () => this.sandboxes.activeTime.type(who, sandboxId)
    return { line, held, used, typed }
  }

  /** Whether a student can be there by a lesson alone, which shows a terminal of it. */
  async #isShownOnly(who: Principal, sandboxId: string): Promise<boolean> {
    if (who.role !== 'student' || !(await this.sandboxes.isGuest(who, sandboxId))) return false
    return (await this.sandboxes.shares.of(who, sandboxId)).level === undefined
  }

  /** That somebody watches is no use of the sandbox. @throws ApiError `not_found` unless a lesson of theirs shows it */
  async #watch(
    who: Principal,
    sandboxId: string,
    terminalId: string,
    since: number | undefined,
  ): Promise<Attached> {
    let opened: Duplex | undefined
    const held = await this.broadcasts.hold(who, sandboxId, terminalId, () => opened?.destroy())
    try {
      const line = await (await this.sandboxes.nodeOf(sandboxId)).attach(sandboxId, terminalId, since)
      opened = line
      line.once('close', held.release)
      // It may have been stopped while the node was asked.
      if (!held.may('terminal.look')) {
        line.destroy()
        throw notThere(who, 'sandbox')
      }
      return { line, held, used: () => {}, typed: () => {} }
    } catch (error) {
      held.release()
      throw error
    }
  }

  async close(who: Principal, sandboxId: string, terminalId: string): Promise<void> {
    const node = await this.sandboxes.authorize(who, 'terminal.close', sandboxId)
    await node.closeTerminal(sandboxId, terminalId)
    await audit(this.database.prisma, who, 'terminal.close', sandboxId)
  }
}
