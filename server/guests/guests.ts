import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { sandboxId as sandboxIdSchema } from '../../protocol/api/index.js'
import { isInExam } from '../auth/exams.js'
import { type Action, guestMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Notices } from '../database/notices.js'
import { isOfPeople, type ShareAccess, Shared } from './access.js'

/** The longest time that a timer can hold. */
const longestMs = 2 ** 31 - 1

/** What a guest has open: a terminal, a stream, a call whose answer is being sent. */
interface Open {
  readonly who: Principal
  readonly sandboxId: string
  readonly end: () => void
  /** What they must be allowed to, or it ends; without it any share is enough. */
  readonly needs: Action | undefined
  shared: Shared
  expiry: NodeJS.Timeout | undefined
}

/** What decides about each frame of what somebody has open. */
export interface Held {
  may(action: Action): boolean
  /** To be called when it has ended by itself. */
  release(): void
}

const named = z.object({ id: sandboxIdSchema })

/**
 * What those have open who came by a share. It ends at the moment at which the last of their shares ends: by a notice of
 * the database when that is withdrawn, whichever server did it, and by a timer of its own when it expires.
 */
export class Guests {
  readonly #open = new Set<Open>()

  constructor(
    private readonly access: ShareAccess,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'share') void this.check((one) => one.sandboxId === told.id)
      else if (told.type === 'access' && isOfPeople(told)) void this.check()
    })
    notices.on('missed', () => void this.check())
  }

  /**
   * @param end called at most once, when nothing is shared with them any more
   * @param needs or when what is left does not allow this
   */
  async hold(who: Principal, sandboxId: string, end: () => void, needs?: Action): Promise<Held> {
    const one: Open = { who, sandboxId, end, needs, shared: new Shared([]), expiry: undefined }
    // Before it is looked up: what changes meanwhile is looked up again.
    this.#open.add(one)
    await this.#look(one)
    return {
      may: (action) => {
        const level = one.shared.level
        return level !== undefined && guestMay(level, action) && !isInExam(who)
      },
      release: () => this.#release(one),
    }
  }

  /** Ends calls of guests whose share ends. */
  watchCalls(app: FastifyInstance, isGuest: (who: Principal, sandboxId: string) => Promise<boolean>): void {
    app.addHook('preHandler', async (request, reply) => {
      const { data: params } = named.safeParse(request.params)
      const { principal } = request
      if (params === undefined || principal.userId === null || !(await isGuest(principal, params.id))) return
      const { level } = await this.access.of(principal, params.id)
      if (level === undefined) return
      const held = await this.hold(principal, params.id, () => reply.raw.destroy())
      reply.raw.once('close', held.release)
    })
  }

  /** Looks again at what guests have open. */
  async check(which: (one: Pick<Open, 'who' | 'sandboxId'>) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#open].filter(which).map((one) => this.#look(one)))
  }

  async #look(one: Open): Promise<void> {
    // What cannot be looked up does not go on.
    one.shared = await this.access.of(one.who, one.sandboxId).catch(() => new Shared([]))
    if (!this.#open.has(one)) return
    clearTimeout(one.expiry)
    const { level } = one.shared
    if (level === undefined || (one.needs !== undefined && !guestMay(level, one.needs))) {
      this.#release(one)
      return one.end()
    }
    const leftMs = one.shared.endsAt - Date.now()
    one.expiry = setTimeout(() => void this.#look(one), Math.min(longestMs, Math.max(1, leftMs))).unref()
  }

  #release(one: Open): void {
    this.#open.delete(one)
    clearTimeout(one.expiry)
  }
}
