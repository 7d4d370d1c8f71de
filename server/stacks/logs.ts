import { PassThrough, type Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { exitStatus, processId, sandboxProcess } from '../../protocol/api/index.js'
import { encodeAck, FrameDecoder, frameType, processAttached } from '../../protocol/node/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { ApiError } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { roomOn } from '../processes/room.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { StackPlanService } from './plan.js'
import type { StackService } from './service.js'
import { planOfRow } from './state.js'

/** A line that is longer is told in pieces. */
const lineBytes = 8192
/** Whoever follows hears of a service that was started again after this. */
const lookEveryMs = 1000

/** What somebody has read: of each service which process, and up to which byte. */
const cursor = z.record(z.string(), z.tuple([processId, z.int().min(0)]))
type Cursor = z.infer<typeof cursor>

const newline = 10

/** The output of a stack's services as one stream of events, each with an id that tells all that was read before. */
export class StackLogs {
  constructor(
    private readonly stacks: StackService,
    private readonly nodes: NodeRegistry,
  ) {}

  /** @throws ApiError `invalid_request` for a service or an id that is none */
  async follow(
    who: Principal,
    id: string,
    wanted: {
      readonly follow: 'true' | 'false'
      readonly services?: string | undefined
      readonly since?: string | undefined
    },
  ): Promise<Readable> {
    assertMay(who, 'process.read')
    const { services } = planOfRow(await this.stacks.row(who, 'stack.read', id))
    const names =
      wanted.services?.split(',').filter((name) => name !== '') ?? services.map(({ name }) => name)
    const unknown = names.find((name) => !services.some((one) => one.name === name))
    if (unknown !== undefined) {
      throw new ApiError('invalid_request', `services: the stack has no service ${unknown.slice(0, 64)}`)
    }
    const read = cursorOf(wanted.since)
    const events = new PassThrough()
    const told = new Told(events, read)
    const sources = services
      .filter(({ name }) => names.includes(name))
      .map((of) => this.#source(who, id, of, told, wanted.follow === 'true'))
    void Promise.allSettled(sources).then(() => events.end())
    return events
  }

  /** Tells what one service prints, and what it prints when it was started again. */
  async #source(
    who: Principal,
    stackId: string,
    { name }: StackPlanService,
    told: Told,
    follow: boolean,
  ): Promise<void> {
    let ended: string | undefined
    while (told.open) {
      try {
        const row = await this.stacks.row(who, 'stack.read', stackId)
        const of = planOfRow(row).services.find((one) => one.name === name)
        const node = await this.nodes.reach(row.nodeId)
        const status = of === undefined ? null : (await node.get(of.sandbox)).service
        const process = status?.process ?? undefined
        if (of !== undefined && process !== undefined && status?.startedAt !== null && process !== ended) {
          if (await tell(node, of.sandbox, { name, process }, told, follow)) ended = process
        }
      } catch (error) {
        // Its stack is gone, or the caller may not read it any more: that is the end. Anything else may pass.
        const code = error instanceof ApiError ? error.code : 'internal'
        if (code === 'forbidden' || (code === 'not_found' && !(await this.#isThere(who, stackId)))) return
      }
      if (!follow) return
      await sleep(lookEveryMs, undefined, { ref: false })
    }
  }

  async #isThere(who: Principal, stackId: string): Promise<boolean> {
    return this.stacks.row(who, 'stack.read', stackId).then(
      () => true,
      () => false,
    )
  }
}

/** @returns whether the process has ended, and all of it is told */
async function tell(
  node: RuntimeClient,
  sandbox: string,
  { name, process }: { readonly name: string; readonly process: string },
  told: Told,
  follow: boolean,
): Promise<boolean> {
  const since = told.position(name, process)
  const until = follow
    ? Number.POSITIVE_INFINITY
    : (await node.ask('GET', `/sandboxes/${sandbox}/processes/${process}`, sandboxProcess)).seq
  if (since >= until) return false
  const line = await node.attachProcess(sandbox, process, since)
  const end = () => void line.destroy()
  told.events.once('close', end)
  const lines = new Lines(since)
  const send = async ({ stream, text, seq }: Piece) => {
    await told.send(name, process, seq, 'log', { service: name, stream, text })
  }
  const decoder = new FrameDecoder()
  try {
    for await (const chunk of line) {
      for (const { type, payload } of decoder.push(chunk)) {
        if (type === frameType.stdout || type === frameType.stderr) {
          const stream = type === frameType.stdout ? 'stdout' : 'stderr'
          for (const piece of lines.push(stream, payload)) await send(piece)
          if (line.writable) line.write(encodeAck(lines.end))
        } else if (type === frameType.attached) {
          const { seq } = processAttached.parse(JSON.parse(payload.toString()))
          if (seq > lines.end) await told.send(name, process, seq, 'gap', { service: name })
          lines.skip(seq)
        } else if (type === frameType.exit) {
          for (const piece of lines.rest()) await send(piece)
          const exit = exitStatus.parse(JSON.parse(payload.toString()))
          await told.send(name, process, lines.end, 'exit', { service: name, ...exit })
          return true
        }
      }
      if (lines.end >= until) {
        for (const piece of lines.rest()) await send(piece)
        return false
      }
    }
  } catch {
    // The node went away, or the reader did: whoever follows looks again.
  } finally {
    told.events.off('close', end)
    line.destroy()
  }
  return false
}

/** Events that go out, and what they say was read. */
class Told {
  constructor(
    readonly events: PassThrough,
    private readonly read: Cursor,
  ) {
    events.setMaxListeners(64)
  }

  get open(): boolean {
    return !this.events.destroyed && !this.events.writableEnded
  }

  position(service: string, process: string): number {
    const [known, seq] = this.read[service] ?? []
    return known === process ? (seq ?? 0) : 0
  }

  async send(service: string, process: string, seq: number, event: string, value: object): Promise<void> {
    if (!this.open) return
    this.read[service] = [process, seq]
    const id = Buffer.from(JSON.stringify(this.read)).toString('base64url')
    const room = this.events.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(value)}\n\n`)
    if (!room) await roomOn(this.events)
  }
}

interface Piece {
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
  /** Number of the byte after it. */
  readonly seq: number
}

/** Cuts output into pieces that end where a line ends. */
export class Lines {
  #stream: 'stdout' | 'stderr' = 'stdout'
  #kept = Buffer.alloc(0)

  /** @param end number of the next byte */
  constructor(public end: number) {}

  push(stream: 'stdout' | 'stderr', bytes: Buffer): Piece[] {
    const before = stream === this.#stream ? [] : this.rest()
    this.#stream = stream
    this.#kept = Buffer.concat([this.#kept, bytes])
    this.end += bytes.length
    const last = this.#kept.lastIndexOf(newline) + 1
    const cut = this.#kept.length - last > lineBytes ? this.#kept.length : last
    return cut === 0 ? before : [...before, this.#piece(cut)]
  }

  /** What is left at the end. */
  rest(): Piece[] {
    return this.#kept.length === 0 ? [] : [this.#piece(this.#kept.length)]
  }

  skip(to: number): void {
    this.#kept = Buffer.alloc(0)
    this.end = to
  }

  #piece(length: number): Piece {
    const text = this.#kept.toString('utf8', 0, length)
    this.#kept = Buffer.from(this.#kept.subarray(length))
    return { stream: this.#stream, text, seq: this.end - this.#kept.length }
  }
}

/** @throws ApiError `invalid_request` */
function cursorOf(since: string | undefined): Cursor {
  if (since === undefined || since === '') return {}
  try {
    return cursor.parse(JSON.parse(Buffer.from(since, 'base64url').toString()))
  } catch {
    throw new ApiError('invalid_request', 'since: is no id of an event of these logs')
  }
}
