import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientEvents } from '../../protocol/api/index.js'
import { hold } from './hold.js'
import { holdInExam } from './in-exam.js'
import { holdLimitedKeys } from './limited-keys.js'
import { described, routesOf } from './routes.js'
import { where } from './rows/row.js'
import { type Caller, callers, colleagues, guests, insiders } from './rules.js'
import {
  type Attempt,
  connect,
  type Line,
  opened,
  socketsWhere,
  socketTable,
  terminalOf,
  view,
} from './sockets.js'
import { settledStateOf, stateOf } from './state.js'
import { hidden, table } from './table.js'
import { must, ofPupil, openWorld, type World } from './world.js'

describe('who may make which call', () => {
  let world: World
  let calls: Awaited<ReturnType<typeof described>>

  beforeAll(async () => {
    world = await openWorld()
    calls = await described(world)
  }, 300_000)
  afterAll(() => world?.[Symbol.asyncDispose]())

  it('is written down for every route of the server, and for no other', async () => {
    for (const { method, path, name } of calls) {
      expect(
        table[name],
        `${method} ${path} (${name}) is not in ${where}: add a row with the rule of who may call it, and the call with ids of the victim`,
      ).toBeDefined()
    }
    expect(Object.keys(table).toSorted(), `${where} has rows of routes that are gone`).toEqual(
      calls.map(({ name }) => name).toSorted(),
    )
    const known = new Set([...calls.map(({ method, path }) => `${method} ${path}`), ...Object.keys(hidden)])
    const wildcards = /^\w+ \*$/ // what is not there, and better-auth, which has a test of its own
    const unknown = (await routesOf()).filter((one) => {
      return !known.has(one) && !known.has(one.replace(/^HEAD/, 'GET')) && !wildcards.test(one)
    })
    expect(unknown, `not in the OpenAPI document: add a row of each to \`hidden\` in ${where}`).toEqual([])
    for (const [name, { but, why }] of Object.entries({ ...table, ...hidden })) {
      expect(but === undefined || why !== undefined, `${name}: an exception needs a reason`).toBe(true)
    }
  })

  it.each(Object.entries(table))('%s', async (name, row) => {
    const call = calls.find((one) => one.name === name)
    expect(call, `there is no call ${name}`).toBeDefined()
    if (call !== undefined) await hold(world, call.method, call.path, row)
  })

  it.each(Object.entries(hidden))('%s', async (name, row) => {
    const [method = '', path = ''] = name.split(' ')
    await hold(world, method, path, row)
  })

  describe('at sockets', () => {
    const lines: Line[] = []
    const without: ReadonlySet<Caller> = new Set(['nobody', 'removedKey'])
    const own = new Map<Caller, Pick<Attempt, 'ownSandbox' | 'ownTerminal'>>()
    const ownOf = async (caller: Caller) => {
      const known = own.get(caller) ?? (await terminalOf(world, caller))
      own.set(caller, known)
      return known
    }
    afterAll(() => lines.forEach((line) => void line.disconnect()))
    const join = async (caller: Caller) => {
      const line = await connect(world, caller)
      lines.push(line)
      return line
    }

    it('is written down for every event of the protocol', () => {
      expect(Object.keys(socketTable).toSorted(), `add a row to ${socketsWhere}`).toEqual(
        Object.keys(clientEvents).toSorted(),
      )
    })

    it.each([...without])('%s gets none', async (caller) => {
      await expect(connect(world, caller)).rejects.toThrow(/sign in|unknown/)
    })

    it.each(Object.entries(socketTable))('%s', async (_, row) => {
      const { victim } = world
      const { sandboxId, terminalId } = victim
      // What they make is in the victim's tenant.
      for (const caller of ['student', ...colleagues] as const) await ownOf(caller)
      const viewer = await view(await join('owner'), sandboxId, terminalId)
      const before = await settledStateOf(world)
      const text = viewer.seen.text
      const outside = callers.filter((one) => !insiders.has(one) && !guests.has(one) && !without.has(one))
      const pupils = ofPupil(victim)
      for (const [caller, of] of [
        ...outside.map((one) => [one, victim] as const),
        ...(['student', ...colleagues] as const).map((one) => [one, pupils] as const),
      ]) {
        const line = await join(caller)
        const theirs = await ownOf(caller)
        const answers = await row.attempt({ line, victim: of, ...theirs })
        for (const answer of answers) {
          expect(answer, caller).toMatchObject({ ok: false, error: { code: 'not_found' } })
        }
        // What has no answer has been dealt with when a later event of the same line has one.
        const last = await opened(line, { sandboxId: theirs.ownSandbox, terminalId: theirs.ownTerminal })
        expect(last, caller).toMatchObject({ ok: true })
      }
      expect(await stateOf(world), 'what there is of the victim').toEqual(before)
      expect(viewer.seen).toMatchObject({ text, cols: 0, exited: false })
      for (const caller of [...insiders, 'typist', 'looker'] as const) {
        const path = `/api/v1/sandboxes/${sandboxId}/terminals`
        const { id } = await must(world.callers.owner, 'POST', path, {})
        const watched = await view(await join('owner'), sandboxId, String(id))
        const act = caller === 'looker' ? row.looks : row.works
        await act(await join(caller), { sandboxId, terminalId: String(id) }, watched)
        await world.callers.owner.call('DELETE', `${path}/${id}`)
      }
    })
  })

  describe('an API key with limits', () => holdLimitedKeys(() => ({ world, calls })))

  describe('a student in an exam', () => holdInExam(() => ({ world, calls })))
})
