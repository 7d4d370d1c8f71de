import { type Http, pages } from './http.js'
import type { ChangeSchedule, CreateSchedule, ScheduleDescription } from './types.js'

/** The schedules of the tenant: what is done again and again at times of day. */
export class Schedules {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Has a sandbox kept as a snapshot, woken or stopped, or a template made anew, at the times of a cron expression. What is missed
   * while the server is down is done once when it runs again.
   *
   * @param wanted `timeZone`: of the expression, `UTC` if absent. `keep`: how many snapshots stay, 7 if absent; one that is renamed
   * stays whatever comes
   * @throws InvalidRequest for an expression that never comes, or comes more often than every five minutes
   * @throws Conflict when another schedule has the name, or there are too many
   * @example
   * await using desk = await cloche.sandboxes.create()
   * await cloche.schedules.create({
   *   ...{ name: 'nightly', action: 'snapshot', sandbox: desk.id, keep: 7 },
   *   ...{ cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
   * })
   */
  create(wanted: CreateSchedule): Promise<ScheduleDescription> {
    return this.#http.json({ method: 'POST', path: '/schedules', json: wanted })
  }

  /** All of them, newest first. @param of id of a sandbox, or name of a template: only those of it */
  list(
    of: { sandbox?: string; template?: string } = {},
  ): AsyncGenerator<ScheduleDescription, void, undefined> {
    return pages(this.#http, '/schedules', of)
  }

  /** @throws NotFound */
  describe(id: string): Promise<ScheduleDescription> {
    return this.#http.json({ method: 'GET', path: pathOf(id) })
  }

  /** Changes what is named, or switches it off with `enabled: false`. @throws InvalidRequest, Conflict, NotFound */
  update(id: string, change: ChangeSchedule): Promise<ScheduleDescription> {
    return this.#http.json({ method: 'PATCH', path: pathOf(id), json: change })
  }

  /** Has it run within seconds; `last` of its description tells what came of it. @throws Conflict while it is off */
  run(id: string): Promise<ScheduleDescription> {
    return this.#http.json({ method: 'POST', path: `${pathOf(id)}/run`, json: {} })
  }

  /** Deletes one. Snapshots that it took stay. @throws NotFound */
  delete(id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: pathOf(id) })
  }
}

const pathOf = (id: string) => `/schedules/${encodeURIComponent(id)}`
