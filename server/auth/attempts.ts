import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { sha256 } from '../../common/digest.js'
import { ApiError } from '../errors.js'

/** How attempts of one kind are slowed down. */
interface Pace {
  /** Attempts without any delay. */
  readonly free: number
  /** The first delay, in seconds; each further attempt doubles it. */
  readonly firstSeconds: number
  readonly longestSeconds: number
}

/** Of one account from one address, or from one browser that was signed in to it before. */
const accountPace: Pace = { free: 5, firstSeconds: 1, longestSeconds: 10 }
/** Of one address: a class signs in from one, so many are free and delays stay short. */
const addressPace: Pace = { free: 200, firstSeconds: 0.1, longestSeconds: 0.5 }
/** Whoever would wait longer than this is asked to come back later. */
const patienceSeconds = 15
/** Without attempts for so long, counting begins again. */
const forgetMinutes = 15

/**
 * Gives an attempt its time: at once, or after the delay that follows the attempt before. One statement, so that servers
 * that share the database, and requests at the same instant, share the count.
 */
const reserve = `
  INSERT INTO sign_in_attempt AS known (key, count, "checkedAt") VALUES ($1, 1, clock_timestamp() AT TIME ZONE 'UTC')
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN known."checkedAt" < excluded."checkedAt" - interval '${forgetMinutes} minutes' THEN 1
      ELSE known.count + 1 END,
    "checkedAt" = greatest(excluded."checkedAt", known."checkedAt" + CASE WHEN known.count < $2::INTEGER THEN interval '0'
      ELSE least($4::FLOAT8, $3::FLOAT8 * 2 ^ least(known.count - $2::INTEGER, 20)) * interval '1 second' END)
  WHERE greatest(excluded."checkedAt", known."checkedAt" + CASE WHEN known.count < $2::INTEGER THEN interval '0'
    ELSE least($4::FLOAT8, $3::FLOAT8 * 2 ^ least(known.count - $2::INTEGER, 20)) * interval '1 second' END)
    <= excluded."checkedAt" + interval '${patienceSeconds} seconds'
  RETURNING extract(epoch FROM "checkedAt" - clock_timestamp() AT TIME ZONE 'UTC')::FLOAT8 AS wait`

const waitOf = `SELECT extract(epoch FROM "checkedAt" - clock_timestamp() AT TIME ZONE 'UTC')::FLOAT8 AS wait
  FROM sign_in_attempt WHERE key = $1`

/** A browser that has signed in to an account before keeps this cookie, and is counted by itself afterwards. */
export const deviceCookie = 'cloche.device'

/** One attempt that may be made now. */
export interface Attempt {
  /** Takes it back: the password was right. */
  succeeded(): Promise<void>
}

/**
 * Slows guessing of passwords down without locking anybody out: an attempt waits for its turn and then is checked, so
 * that the right password is always let through. Attempts at one account are counted for each address by itself, and a
 * browser that has signed in to the account before is counted apart from its address: nobody's attempts delay the
 * owner of an account there. Nothing depends on whether the account exists.
 *
 * @see https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export class Attempts {
  constructor(
    private readonly pool: pg.Pool,
    private readonly secret: string,
  ) {}

  /**
   * Waits until an attempt may be made.
   *
   * @param account an e-mail address or an id; undefined where an account is being made
   * @param device the cookie of that name
   * @throws ApiError `rate_limited` when too many wait already
   */
  async begin(account: string | undefined, address: string, device: string | undefined): Promise<Attempt> {
    const known = account === undefined ? undefined : this.#deviceOf(account, device)
    const keys: [string, Pace][] = []
    if (known === undefined) keys.push([`address ${networkOf(address)}`, addressPace])
    if (account !== undefined) {
      keys.push([`account ${account.toLowerCase()} ${known ?? networkOf(address)}`, accountPace])
    }
    for (const [key, pace] of keys) await this.#wait(sha256(key), pace)
    return {
      succeeded: async () => {
        for (const [key, pace] of keys) {
          if (pace === accountPace)
            await this.pool.query('DELETE FROM sign_in_attempt WHERE key = $1', [sha256(key)])
          else
            await this.pool.query(
              'UPDATE sign_in_attempt SET count = greatest(0, count - 1) WHERE key = $1',
              [sha256(key)],
            )
        }
      },
    }
  }

  /** The value of a browser's cookie once it has signed in to an account. */
  deviceFor(account: string): string {
    const id = randomBytes(16).toString('base64url')
    return `${id}.${this.#sign(account, id)}`
  }

  /** Forgets what is old. */
  async expire(): Promise<void> {
    await this.pool.query(
      `DELETE FROM sign_in_attempt WHERE "checkedAt" < now() AT TIME ZONE 'UTC' - interval '${forgetMinutes} minutes'`,
    )
  }

  async #wait(key: string, { free, firstSeconds, longestSeconds }: Pace): Promise<void> {
    const { rows } = await this.pool.query(reserve, [key, free, firstSeconds, longestSeconds])
    if (rows[0] === undefined) {
      const later = await this.pool.query(waitOf, [key])
      throw new ApiError(
        'rate_limited',
        'too many attempts to sign in are waiting; try again in some seconds',
        Math.max(1, Number(later.rows[0]?.wait ?? 1)),
      )
    }
    if (rows[0].wait > 0) await sleep(rows[0].wait * 1000)
  }

  #deviceOf(account: string, cookie: string | undefined): string | undefined {
    const [id = '', signature = ''] = (cookie ?? '').split('.')
    const [sent, right] = [Buffer.from(signature), Buffer.from(this.#sign(account, id))]
    return sent.length === right.length && timingSafeEqual(sent, right) ? id : undefined
  }

  #sign(account: string, id: string): string {
    return createHmac('sha256', this.secret)
      .update(`device ${id} ${account.toLowerCase()}`)
      .digest('base64url')
  }
}

/** A network of IPv6 is one subscriber's: whoever has one has all its addresses. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [left = '', right = ''] = address.split('::')
  const [head, tail] = [left.split(':').filter(Boolean), right.split(':').filter(Boolean)]
  const middle = address.includes('::') ? Array(Math.max(0, 8 - head.length - tail.length)).fill('0') : []
  return [...head, ...middle, ...tail].slice(0, 4).join(':')
}
