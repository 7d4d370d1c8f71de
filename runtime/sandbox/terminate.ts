import { constants } from 'node:os'
import { thaw } from '../cgroup/freezer.js'
import { processesOf } from '../cgroup/hierarchy.js'
import type { InsideProcess, SignalSent } from '../container/oci-runtime.js'
import { powerOffSignal } from '../container/system.js'
import { signal } from '../linux/process.js'
import { isAlive } from './lifecycle.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import type { Tenants } from './tenants.js'

/** Signals that are sent at the same time. */
const atOnce = 8

/** After SIGTERM, what is perhaps a shell at its prompt has so long to show that it is none. */
const doubtMs = 500

/** bash may miss a SIGHUP that comes just before it waits for a key: it is sent again after this. */
const againMs = 500

/** The stops that are wanted, and those that are under way. */
export class Terminations {
  /** What those who want a sandbox to be stopped leave it, in milliseconds. */
  readonly #wanted = new Map<string, Set<{ readonly graceMs: number }>>()
  readonly #graces = new Map<string, Grace>()

  constructor(
    private readonly node: NodeContext,
    private readonly tenants: Tenants,
  ) {}

  /**
   * Somebody wants a sandbox to be stopped, until this is disposed of. Of those who want it at the same time the one
   * counts who leaves it the least, whether its stop is under way, prepared, or has yet to wait for its turn.
   */
  within(id: string, graceMs: number): Disposable {
    const all = this.#wanted.get(id) ?? new Set()
    this.#wanted.set(id, all)
    const wanted = { graceMs }
    all.add(wanted)
    this.#graces.get(id)?.shorten(graceMs)
    return {
      [Symbol.dispose]: () => {
        all.delete(wanted)
        if (all.size === 0) this.#wanted.delete(id)
      },
    }
  }

  /**
   * Asks what runs in a sandbox to end, and waits until it has or the grace is over. A paused sandbox is thawed for it.
   * Those of a paused tenant stay frozen, and are not asked. Called by those who want it, see `within`.
   */
  async run(id: string, sandbox: SandboxRecord): Promise<void> {
    const graceMs = Math.min(...[...(this.#wanted.get(id) ?? [])].map((one) => one.graceMs))
    if (sandbox.init === null || graceMs === 0 || this.tenants.isPaused(sandbox.tenantId)) return
    const grace = new Grace(graceMs)
    this.#graces.set(id, grace)
    try {
      if (sandbox.state === 'paused') await thaw(this.node.hierarchy, sandbox.cgroup)
      if (sandbox.system) await powerOff(sandbox, sandbox.init.pid, grace)
      else await terminate(this.node, sandbox, sandbox.init.pid, grace)
    } finally {
      this.#graces.delete(id)
    }
  }
}

/** The time that processes have between the request to end and SIGKILL. It can be shortened while it runs. */
class Grace {
  #endsAt: number
  #wake = () => {}

  constructor(ms: number) {
    this.#endsAt = performance.now() + ms
    this.half = performance.now() + ms / 2
  }

  /** When half of the time that was given at first is over. */
  readonly half: number

  get over(): boolean {
    return performance.now() >= this.#endsAt
  }

  /** Leaves no more than `ms` from now. */
  shorten(ms: number): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + ms)
    this.#wake()
  }

  /** Resolves after `ms`, or sooner when the grace ends or is shortened. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, Math.min(ms, this.#endsAt - performance.now())))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/**
 * Asks the processes of a sandbox to end, as a system does that shuts down, and returns when all but the first have,
 * or the grace is over. Each gets SIGTERM, and SIGCONT in case it was stopped. A shell at its prompt ignores SIGTERM: when
 * it is alone on its terminal it gets SIGHUP, as when a window is closed, upon which it saves its history. After half of
 * the grace every session on a terminal gets SIGHUP.
 */
async function terminate(
  node: NodeContext,
  sandbox: SandboxRecord,
  init: number,
  grace: Grace,
): Promise<void> {
  const ociRuntime = node.ociRuntimes.of(sandbox.isolation)
  const look = async () =>
    ociRuntime.processes(sandbox.id, init, await processesOf(node.hierarchy, sandbox.cgroup))
  const send = async (those: readonly InsideProcess[], ...names: SignalSent[]) => {
    for (let at = 0; at < Math.min(those.length, ociRuntime.signals.most) && !grace.over; at += atOnce) {
      await Promise.all(
        those.slice(at, at + atOnce).map(({ pid }) => ociRuntime.signal(sandbox.id, pid, names)),
      )
    }
  }
  let left = await look()
  await send(left, stopSignalOf(sandbox), 'SIGCONT')
  /** When each was sent SIGHUP the last time. */
  const hungUp = new Map<number, number>()
  const began = performance.now()
  for (
    let waitMs = 1;
    left.length > 0 && !grace.over;
    waitMs = Math.min(waitMs * 2, ociRuntime.signals.lookMs)
  ) {
    const now = performance.now()
    const isDue = (one: InsideProcess) =>
      now >= grace.half
        ? one.session !== null
        : isLonelyLeader(one, left) &&
          (one.ignoresTerm === 'yes' || (one.ignoresTerm === 'perhaps' && now - began >= doubtMs))
    const waiting = left.filter(
      (one) => now - (hungUp.get(one.pid) ?? Number.NEGATIVE_INFINITY) >= againMs && isDue(one),
    )
    for (const { pid } of waiting) hungUp.set(pid, now)
    await send(waiting, 'SIGHUP', 'SIGCONT')
    await grace.sleep(waitMs)
    left = await look()
  }
}

/** Asks systemd to stop its services in their order and to end itself, and returns when it has or the grace is over. */
async function powerOff(sandbox: SandboxRecord, init: number, grace: Grace): Promise<void> {
  signal(init, powerOffSignal)
  for (let waitMs = 1; isAlive(sandbox) && !grace.over; waitMs = Math.min(waitMs * 2, 100)) {
    await grace.sleep(waitMs)
  }
}

/** What an image says that its processes are to be sent. */
function stopSignalOf({ image }: SandboxRecord): SignalSent {
  if (image === null) return 'SIGTERM'
  const known = Object.entries(constants.signals).find(([name]) => name === image.stopSignal)
  return known?.[1] ?? (Number(image.stopSignal) || 'SIGTERM')
}

/** Such as a shell with nothing else on its terminal. */
const isLonelyLeader = (one: InsideProcess, all: readonly InsideProcess[]) =>
  one.session === one.pid && all.filter(({ session }) => session === one.pid).length === 1
