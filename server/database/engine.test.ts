import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'
import { migrate, schemaSql } from './engine.js'

/** Every column of a table, index and constraint, as PostgreSQL itself describes them. NOT NULL is a column's; a schema describes no views. */
const shape = `
  SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS part
  FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> '_prisma_migrations'
  UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
  UNION SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype <> 'n' AND connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '_prisma_migrations'
  ORDER BY part`

describe('the migrations', () => {
  let instance: Instance
  const urlOf = (database: string) =>
    `postgresql://cloche@localhost/${database}?host=/run/cloche/${instance.name}/postgres`
  const query = async (database: string, sql: string) => {
    const client = new pg.Client({ connectionString: urlOf(database) })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  beforeAll(async () => {
    instance = await sharedInstance()
    for (const name of ['migrated', 'described']) await query('postgres', `CREATE DATABASE ${name}`)
  })
  afterAll(() => instance[Symbol.asyncDispose]())

  it('make what the schema describes, and nothing else', async () => {
    expect((await migrate(urlOf('migrated'), 'prisma/migrations')).length).toBeGreaterThan(0)
    await query('described', await schemaSql(urlOf('described'), 'prisma/schema.prisma'))
    const parts = await query('migrated', shape)
    expect(parts).toEqual(await query('described', shape))
    expect(parts.length).toBeGreaterThan(100)
  })

  it('are applied once', async () => {
    expect(await migrate(urlOf('migrated'), 'prisma/migrations')).toEqual([])
  })
})
