import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { type Database, openDatabase } from './client.js'
import { Elections } from './elections.js'

describe('a chore of all servers', () => {
  let home: TestDatabase
  let database: Database
  beforeAll(async () => {
    home = await openTestDatabase('el')
    database = openDatabase(home.url)
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })
  const server = (id: string) => new Elections(database.pool, id, pino({ level: 'silent' }))

  it('is one server’s, however many ask at the same instant', async () => {
    const servers = Array.from({ length: 12 }, (_, at) => server(`sv_${at}`))
    const held = await Promise.all(servers.map((one) => one.hold('a')))
    expect(held.filter(Boolean)).toHaveLength(1)
    expect(await servers[held.indexOf(true)]?.hold('a')).toBe(true)
  })

  it('is done by its holder, and by nobody else meanwhile', async () => {
    const done: string[] = []
    const [one, other] = [server('sv_one'), server('sv_other')]
    await one.run('b', async () => {
      done.push('one')
      await other.run('b', async () => void done.push('other'))
    })
    expect(done).toEqual(['one'])
  })

  it('goes to another server when its holder died, and at once when it stopped in good order', async () => {
    const [one, other] = [server('sv_one'), server('sv_other')]
    expect(await one.hold('c')).toBe(true)
    expect(await other.hold('c')).toBe(false)
    await database.pool.query(
      `UPDATE chore SET "heldUntil" = now() AT TIME ZONE 'UTC' - interval '1 ms' WHERE name = 'c'`,
    )
    expect(await other.hold('c')).toBe(true)
    expect(await one.hold('c')).toBe(false)
    await other[Symbol.asyncDispose]()
    expect(await one.hold('c')).toBe(true)
  })
})
