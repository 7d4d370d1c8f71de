import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../../prisma/generated/client.js'

export type { Prisma } from '../../prisma/generated/client.js'

/** The database: Prisma for what people read and write, the pool below it for the two hot statements. */
export interface Database extends AsyncDisposable {
  readonly prisma: PrismaClient
  readonly pool: pg.Pool
  /**
   * For statements that may be forgotten should the database's host crash within the next half second: a commit
   * here does not wait for the disk.
   */
  readonly relaxed: pg.Pool
}

/** More would only wait for each other on a small machine. */
const connections = 10
const relaxedConnections = 4

/** A server that hangs must not keep locks from the others; none of ours waits for so long within a transaction. */
const idleInTransactionMs = 10_000

export function openDatabase(url: string): Database {
  const pool = new pg.Pool({
    ...{ connectionString: url, max: connections, idle_in_transaction_session_timeout: idleInTransactionMs },
  })
  // A connection that breaks while nobody uses it is no news: the next query opens another.
  pool.on('error', () => {})
  // One that breaks inside a transaction is heard of by its next statement.
  pool.on('connect', (client) => client.on('error', () => {}))
  const relaxed = new pg.Pool({
    ...{ connectionString: url, max: relaxedConnections, options: '-c synchronous_commit=off' },
  })
  relaxed.on('error', () => {})
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    prisma,
    pool,
    relaxed,
    [Symbol.asyncDispose]: async () => {
      await prisma.$disconnect()
      if (!pool.ended) await pool.end()
      await relaxed.end()
    },
  }
}

/**
 * Runs `act` in one transaction on one connection; anything thrown rolls back.
 * @param first statements that the transaction begins with, without parameters: they cost no way of their own
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  act: (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => Promise<T>,
  first: readonly string[] = [],
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    const [, ...answers] = [await client.query(['BEGIN', ...first].join(';'))].flat()
    const result = await act(client, answers)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.release(broken)
  }
}
