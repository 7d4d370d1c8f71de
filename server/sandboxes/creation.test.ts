import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { openTestDatabase, type TestDatabase } from '../../testing/database.js'
import { type Database, openDatabase } from '../database/client.js'

describe('a creation that its server does not finish', () => {
  let home: TestDatabase
  let database: Database
  const tenantId = newId('tn')
  beforeAll(async () => {
    home = await openTestDatabase('cr')
    database = openDatabase(home.url)
    await database.pool.query(`INSERT INTO tenant (id, name) VALUES ($1, 't')`, [tenantId])
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  const insert = (id: string, creation: string) =>
    database.pool.query(
      `INSERT INTO sandbox (id, "tenantId", name, template, state, limits, network, isolation, env, metadata, creation)
       VALUES ($1, $2, $1, 'base', 'running', '{}', '"none"', 'standard', '{}', '{}', $3)`,
      [id, tenantId, creation],
    )
  const ask = async (text: string, values: unknown[]) =>
    Object.values((await database.pool.query(`SELECT ${text}`, values)).rows[0] ?? {})[0]
  const disown = (id: string) => ask(`disown_sandbox($1, NULL, 'unfinished')`, [id])
  const undo = (id: string, creation: string) => ask('undo_creation($1, $2, true)', [id, creation])
  const exists = (id: string) => ask('EXISTS (SELECT FROM sandbox WHERE id = $1)', [id])

  it('gets no row after another server has given its sandbox up, and is not given up after it has one', async () => {
    const [late, early] = [newId('sb'), newId('sb')]
    expect(await disown(late)).toBe(true)
    await expect(insert(late, 'cr_1')).rejects.toMatchObject({ code: 'CL002' })
    await insert(early, 'cr_1')
    expect(await disown(early)).toBe(false)
    expect(await exists(early)).toBe(true)
  })

  it('is finished or given up, never both, when the two happen at the same instant', async () => {
    for (let times = 0; times < 40; times++) {
      const id = newId('sb')
      const [made, disowned] = await Promise.all([
        insert(id, 'cr_1').then(
          () => true,
          () => false,
        ),
        disown(id),
      ])
      expect(disowned).toBe(!made)
    }
  })

  it('undoes nothing that another call goes on with', async () => {
    const id = newId('sb')
    await insert(id, 'cr_1')
    await database.pool.query(`UPDATE sandbox SET creation = 'cr_2' WHERE id = $1`, [id])
    expect(await undo(id, 'cr_1')).toBe(false)
    expect(await exists(id)).toBe(true)
    expect(await undo(id, 'cr_2')).toBe(true)
    expect(await exists(id)).toBe(false)
    await expect(insert(id, 'cr_3')).rejects.toMatchObject({ code: 'CL002' })
    expect(await ask('EXISTS (SELECT FROM deleted_sandbox WHERE id = $1)', [id])).toBe(true)
  })
})
