import {
  type KeptSchedule,
  type KeptWarm,
  newId,
  type PoolBudget,
  type PoolSchedule,
  type WarmRequest,
} from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { excess, type Want } from './budget.js'
import { type Key, nameOf } from './key.js'
import { type Interval, nextOccurrence, nextYear, occurrences, overlaps } from './schedule.js'

/** What people asked for, as it is kept across restarts. */
export interface StoredReservations {
  readonly schedules: ReadonlyMap<string, PoolSchedule>
  readonly warm: ReadonlyMap<string, WarmRequest & { readonly from: number; readonly until: number }>
}

/** What decides whether a reservation can be kept. */
export interface ReservationPolicy {
  keyOf(request: PoolSchedule | WarmRequest): Key
  readonly budget: PoolBudget
  /** What every pool keeps ready in any case. */
  floors(): Want[]
  save(kept: StoredReservations): void
  now(): number
}

interface PoolReservations {
  readonly schedules: string[]
  readonly warm: string[]
}

/** Filling begins so long before a schedule's time: a fixed while, and more for each sandbox. */
const leadMs = (count: number) => 30_000 + count * 200
const minuteMs = 60_000
/** More than anybody can oversee; each costs a little at every claim. */
const maxReservations = 200

/**
 * Schedules and warm-ahead requests. What is claimed from a pool while a reservation holds is what it was made for:
 * it is not made a second time.
 */
export class Reservations {
  readonly #schedules: Map<string, PoolSchedule>
  readonly #warm: Map<string, WarmRequest & { readonly from: number; readonly until: number }>
  readonly #next = new Map<string, Interval>()
  #byPool: Map<string, PoolReservations> | undefined
  /** Claims that a reservation has served, by its name and the beginning of its time. */
  readonly #served = new Map<string, number>()

  constructor(
    private readonly policy: ReservationPolicy,
    kept: StoredReservations,
  ) {
    this.#schedules = new Map(kept.schedules)
    this.#warm = new Map(kept.warm)
  }

  /**
   * @returns the schedule, and whether there was none of that name
   * @throws RuntimeRefusal `conflict` when it overlaps, `quota_exceeded` with the sum that shows it
   */
  putSchedule(name: string, schedule: PoolSchedule): { kept: KeptSchedule; created: boolean } {
    this.#assertScheduleFits(name, schedule, nextYear(this.policy.now()))
    const created = !this.#schedules.has(name)
    if (created && this.#schedules.size >= maxReservations) throw tooMany('schedules')
    this.#schedules.set(name, schedule)
    this.#next.delete(name)
    this.#save()
    return { kept: this.#describeSchedule(name, schedule), created }
  }

  removeSchedule(name: string): void {
    this.#next.delete(name)
    if (this.#schedules.delete(name)) this.#save()
  }

  /**
   * @param id of one that is there already it is changed; what that has served stays served
   * @throws RuntimeRefusal `quota_exceeded` with the sum that shows it
   */
  putWarm(request: WarmRequest, id: string = newId('wm')): KeptWarm {
    const known = this.#warm.get(id)
    if (known === undefined && this.#warm.size >= maxReservations) throw tooMany('warm-ahead requests')
    const now = this.policy.now()
    const interval = { from: known?.from ?? now, until: now + request.holdMinutes * minuteMs }
    const own = { isolation: request.isolation, count: request.count, label: 'this request' }
    this.#assertFits([own, ...this.#warmWants(interval, id), ...this.#scheduledWants(interval)])
    this.#warm.set(id, { ...request, ...interval })
    this.#save()
    return { ...request, id, expiresAt: new Date(interval.until).toISOString() }
  }

  removeWarm(id: string): void {
    if (this.#warm.delete(id)) this.#save()
  }

  /** A claim for a pool: the reservation that ends first has been served once more. */
  claimed(key: Key): void {
    const open = this.#active(key).filter(({ left }) => left > 0)
    const [first] = open.toSorted((one, other) => one.until - other.until)
    if (first !== undefined) this.#served.set(first.mark, (this.#served.get(first.mark) ?? 0) + 1)
  }

  /** How many more sandboxes of a pool are asked for now. */
  reserved(key: Key): number {
    return this.#active(key).reduce((sum, { left }) => sum + left, 0)
  }

  /** Every pool that something is or will be asked of. */
  keys(): Key[] {
    return [...this.#schedules.values(), ...this.#warm.values()].map((one) => this.policy.keyOf(one))
  }

  /** Forgets what has expired. */
  expire(): void {
    const expired = [...this.#warm].filter(([, { until }]) => until <= this.policy.now())
    for (const [id] of expired) this.#warm.delete(id)
    if (expired.length > 0) this.#save()
    this.#byPool = undefined // templates may have changed, and with them the pool that a request is for
    const pools = new Map(this.keys().map((key) => [nameOf(key), key]))
    const marks = new Set([...pools.values()].flatMap((key) => this.#active(key).map(({ mark }) => mark)))
    for (const mark of this.#served.keys()) if (!marks.has(mark)) this.#served.delete(mark)
  }

  describe(): { schedules: KeptSchedule[]; warm: KeptWarm[] } {
    return {
      schedules: [...this.#schedules].map(([name, schedule]) => this.#describeSchedule(name, schedule)),
      warm: [...this.#warm].map(([id, { from: _, until, ...request }]) => {
        return { ...request, id, expiresAt: new Date(until).toISOString() }
      }),
    }
  }

  #describeSchedule(name: string, schedule: PoolSchedule): KeptSchedule {
    const now = this.policy.now()
    const { from } = this.#nextOf(name, schedule)
    return {
      ...schedule,
      name,
      nextAt: new Date(from).toISOString(),
      active: from - leadMs(schedule.count) <= now,
    }
  }

  /** Every claim asks, and the calendar takes 60 µs to answer: kept until it is over. */
  #nextOf(name: string, schedule: PoolSchedule): Interval {
    const known = this.#next.get(name)
    if (known !== undefined && known.until > this.policy.now()) return known
    const next = nextOccurrence(schedule, this.policy.now())
    this.#next.set(name, next)
    return next
  }

  #active(key: Key): { mark: string; left: number; until: number }[] {
    const now = this.policy.now()
    const mine = this.#reservationsOf(nameOf(key))
    const active = mine.warm.flatMap((id) => {
      const request = this.#warm.get(id)
      if (request === undefined || request.until <= now) return []
      const { count, from, until } = request
      return [{ mark: `${id} ${from}`, count, until }]
    })
    for (const name of mine.schedules) {
      const schedule = this.#schedules.get(name)
      if (schedule === undefined) continue
      const { from, until } = this.#nextOf(name, schedule)
      if (from - leadMs(schedule.count) <= now)
        active.push({ mark: `${name} ${from}`, count: schedule.count, until })
    }
    return active.map(({ mark, count, until }) => {
      return { mark, until, left: Math.max(0, count - (this.#served.get(mark) ?? 0)) }
    })
  }

  /** Every claim and every pool asks, so which reservations are for which pool is looked up once for all. */
  #reservationsOf(pool: string): PoolReservations {
    if (this.#byPool === undefined) {
      this.#byPool = new Map()
      const of = (request: PoolSchedule | WarmRequest) => {
        const name = nameOf(this.policy.keyOf(request))
        const reservations = this.#byPool?.get(name) ?? { schedules: [], warm: [] }
        this.#byPool?.set(name, reservations)
        return reservations
      }
      for (const [name, schedule] of this.#schedules) of(schedule).schedules.push(name)
      for (const [id, request] of this.#warm) of(request).warm.push(id)
    }
    return this.#byPool.get(pool) ?? { schedules: [], warm: [] }
  }

  #assertScheduleFits(name: string, schedule: PoolSchedule, range: Interval): void {
    const key = nameOf(this.policy.keyOf(schedule))
    const others = [...this.#schedules]
      .filter(([other]) => other !== name)
      .map(([other, theirs]) => ({ other, theirs, times: occurrences(theirs, range) }))
    for (const mine of occurrences(schedule, range)) {
      const filling = { from: mine.from - leadMs(schedule.count), until: mine.until }
      const own = { isolation: schedule.isolation, count: schedule.count, label: `${name} at ${schedule.at}` }
      const wants: Want[] = [own, ...this.#warmWants(filling)]
      for (const { other, theirs, times } of others) {
        const samePool = nameOf(this.policy.keyOf(theirs)) === key
        if (samePool && times.some((time) => overlaps(time, mine)))
          throw overlap(name, schedule, other, theirs, mine)
        const early = leadMs(theirs.count)
        if (!times.some(({ from, until }) => overlaps({ from: from - early, until }, filling))) continue
        wants.push({ isolation: theirs.isolation, count: theirs.count, label: `${other} at ${theirs.at}` })
      }
      this.#assertFits(wants)
    }
  }

  #assertFits(wants: readonly Want[]): void {
    const sum = excess([...wants, ...this.policy.floors()], this.policy.budget)
    if (sum !== undefined) throw new RuntimeRefusal('quota_exceeded', sum)
  }

  #scheduledWants(during: Interval): Want[] {
    return [...this.#schedules].flatMap(([name, schedule]) => {
      const { isolation, count, at } = schedule
      const wider = { from: during.from, until: during.until + leadMs(count) }
      return occurrences(schedule, wider).length === 0
        ? []
        : [{ isolation, count, label: `${name} at ${at}` }]
    })
  }

  #warmWants(during: Interval, besides = ''): Want[] {
    return [...this.#warm]
      .filter(([id, interval]) => id !== besides && overlaps(interval, during))
      .map(([id, { isolation, count }]) => ({ isolation, count, label: id }))
  }

  #save(): void {
    this.#byPool = undefined
    this.policy.save({ schedules: this.#schedules, warm: this.#warm })
  }
}

const tooMany = (what: string) =>
  new RuntimeRefusal('quota_exceeded', `this node keeps ${maxReservations} ${what}`)

function overlap(
  name: string,
  mine: PoolSchedule,
  other: string,
  theirs: PoolSchedule,
  at: Interval,
): RuntimeRefusal {
  return new RuntimeRefusal(
    'conflict',
    `${name} overlaps ${other}, which holds for the same pool at ${new Date(at.from).toISOString()}; ` +
      `one schedule of ${mine.count} + ${theirs.count} = ${mine.count + theirs.count} would be both`,
  )
}
