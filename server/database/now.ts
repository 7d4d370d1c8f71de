import type pg from 'pg'

/** The time by the clock of the database, which all servers share. */
export async function databaseNow(pool: pg.Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>(
    `SELECT (clock_timestamp() AT TIME ZONE 'UTC')::TIMESTAMP(3) AS now`,
  )
  return rows[0]?.now ?? new Date()
}
