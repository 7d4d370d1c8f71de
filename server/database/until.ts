import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isDatabaseUnavailable } from './unavailable.js'

const patienceMs = 60_000
const pauseMs = 500

/**
 * Waits for a database that is just starting, as after a boot of its host.
 * @throws what it said last when it does not answer within a minute, and at once what waiting cannot help
 */
export async function untilDatabaseAnswers(url: string): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch (error) {
      if (!isDatabaseUnavailable(error) || performance.now() > giveUpAt) throw error
    } finally {
      await client.end().catch(() => {}) // what went wrong is known already
    }
    await sleep(pauseMs)
  }
}
