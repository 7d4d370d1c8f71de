import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { sendEvents } from '../http/events.js'
import { roomOn } from '../processes/room.js'
import type { Response } from './messages.js'

/**
 * The answer of one POST. It is JSON when all responses are there before anything else is told, and a stream of
 * events from the first message on, or from `heartbeatMs` on: proxies and clients give up a connection that is silent.
 */
export class Answer {
  readonly #events = new PassThrough()
  readonly #begun: Promise<void>
  readonly #waiting: NodeJS.Timeout
  #begin = () => {}

  constructor(
    private readonly reply: FastifyReply,
    private readonly heartbeatMs: number,
  ) {
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve
    })
    this.#waiting = setTimeout(this.#begin, heartbeatMs)
  }

  /** A message before the responses. Resolves when there is room for the next. */
  async tell(message: object): Promise<void> {
    this.#begin()
    if (this.#events.destroyed) return
    if (!this.#events.write(eventOf(message))) await roomOn(this.#events)
  }

  /** @param responses undefined of a call that was cancelled, which has none */
  async send(responses: readonly Promise<Response | undefined>[], isBatch: boolean) {
    const all = Promise.all(responses).finally(() => clearTimeout(this.#waiting))
    const early = await Promise.race([all, this.#begun])
    const whole = early?.filter((one) => one !== undefined) ?? []
    if (whole.length > 0) return asJson(this.reply).send(isBatch ? whole : whole[0])
    sendEvents(this.reply, this.#events, this.heartbeatMs)
    await Promise.all(responses.map(async (response) => this.#add(await response)))
    this.#events.end()
    return this.reply
  }

  async #add(response: Response | undefined): Promise<void> {
    if (response !== undefined && !this.#events.destroyed) this.#events.write(eventOf(response))
  }
}

/** For an answer that has no schema. */
export const asJson = (reply: FastifyReply): FastifyReply =>
  reply.type('application/json').serializer(JSON.stringify)

const eventOf = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`
