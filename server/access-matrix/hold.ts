import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { type Call, type Row, where } from './rows/row.js'
import { type Answers, answerOf, type Caller, callers, colleagues, guests, insiders, open } from './rules.js'
import { settledStateOf, stateOf } from './state.js'
import { ofPupil, type World } from './world.js'

const fill = (path: string, { path: values = {}, query = {} }: Call) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${where}: the call of ${path} needs a value for ${name}`)
    return value
  }) + (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`)

/** The same call, of things that never were. */
const madeUp = (call: Call): Call => ({
  ...call,
  path: Object.fromEntries(
    Object.entries(call.path ?? {}).map(([name, id]) => [
      name,
      // A port is not made up: it would be no port.
      id.includes('_') ? newId(id.slice(0, id.indexOf('_'))) : id,
    ]),
  ),
})

const isColleague = (caller: Caller) => colleagues.some((one) => one === caller)

/** Of files, names and metadata of the victim and of their pupil. */
const content = 'confidential'

/** What students of the same tenant know of it. */
const ofClass = ['tenantId', 'tenant', 'nodeId']

const isOk = (status: number) => status >= 200 && status < 300
const says = (expected: Answers, status: number) => (expected === 'ok' ? isOk(status) : status === expected)

/**
 * First come those who may not, and outsiders whose call is about themselves, all with the ids of the victim: nothing
 * of the victim is told to them or changed. Then come those who may, so that the same call is known to work.
 */
export async function hold(world: World, method: string, path: string, row: Row): Promise<void> {
  const { victim } = world
  const { pupils, ...own } = victim
  const rule = { ...row.rule, ...row.but }
  const expects = (caller: Caller) => answerOf(rule, caller)
  const named = row.call?.(victim) ?? {}
  const operates = row.rule.stranger === 403 && row.rule.operator === 'ok'
  const wrong: string[] = []
  const send = async (caller: Caller, call: Call, expected = expects(caller)) => {
    const who = call.as ?? world.callers[caller]
    const ask = () => who.call(method, fill(path, call), call.body, call.headers)
    let { status, body } = await ask()
    // What others have begun goes on: only so many of it at once.
    while (status === 409 && row.waits) {
      await sleep(200)
      ;({ status, body } = await ask())
    }
    if (!says(expected, status)) {
      wrong.push(`${caller} must be answered ${expected}, and is answered ${status} ${JSON.stringify(body)}`)
    }
    return JSON.stringify(body ?? '')
  }
  /** What of the victim is in an answer to somebody who must not know it, and has not said it themselves. */
  const leaks = (
    caller: Caller,
    told: string,
    call: Call,
    secrets: Record<string, string> = { ...own, content },
  ) => {
    const said = JSON.stringify(call)
    const known = new Set<string>(caller === 'student' ? [...ofClass, ...(row.toStudents ?? [])] : [])
    wrong.push(
      ...Object.entries(secrets)
        .filter(([what, value]) => !known.has(what) && told.includes(value) && !said.includes(value))
        .map(([what]) => `${caller} is told ${what} of the victim: ${told}`),
    )
  }
  /** Whoever must not tell what a call names from what does not exist. */
  const isLikeMadeUp = async (caller: Caller, told: string, call: Call) => {
    const ask = fill(path, madeUp(call))
    const { body } = await world.callers[caller].call(method, ask, call.body, call.headers)
    if (JSON.stringify(body) !== told) {
      wrong.push(`${caller} can tell it from what does not exist: ${told}, ${JSON.stringify(body)}`)
    }
  }
  const may = (caller: Caller) =>
    expects(caller) === 'ok' &&
    (insiders.has(caller) ||
      // What they make is in the victim's tenant.
      caller === 'student' ||
      (guests.has(caller) && row.rule.stranger === 404) ||
      (operates && caller.startsWith('operator')))
  /**
   * The same call about what a student of the victim's class has made: for members who do not teach that class, and for
   * classmates, it does not exist.
   */
  const holdPupil = async () => {
    const call = row.call?.(ofPupil(victim)) ?? {}
    if (isDeepStrictEqual(call, named)) return
    const others = [...colleagues, 'member', 'memberKey', 'student'] as const
    if (isDeepStrictEqual([call.path, call.body], [named.path, named.body])) {
      // A list from there on, or of that: it says what they see, and nothing of the pupil.
      if (method !== 'GET') return
      for (const caller of others) leaks(caller, await send(caller, call), call, pupils)
      return
    }
    for (const caller of others) {
      const answer = expects(caller)
      const told = await send(caller, call, answer === 'ok' ? 404 : answer)
      leaks(caller, told, call, { ...pupils, content })
      if (answer !== 403 && call.path !== undefined) await isLikeMadeUp(caller, told, call)
    }
    // The same call works for who may, unless it has no end.
    if (method === 'GET' && row.fresh === undefined && expects('owner') === 'ok') await send('owner', call)
  }
  const before = await stateOf(world)
  for (const caller of callers.filter((one) => !may(one))) {
    const told = await send(caller, named)
    // The only list in which guests find what is shared with them.
    const received = path === '/api/v1/shares' && guests.has(caller)
    if (!insiders.has(caller) && !received && row.rule !== open) leaks(caller, told, named)
    if (expects(caller) === 404 && named.path !== undefined) await isLikeMadeUp(caller, told, named)
    if (method !== 'GET') continue
    const { status } = await world.callers[caller].call('HEAD', fill(path, named))
    if (!says(expects(caller), status)) wrong.push(`HEAD: ${caller} is answered ${status}`)
  }
  await holdPupil()
  expect(wrong).toEqual([])
  expect(await stateOf(world), 'what there is of the victim').toEqual(before)
  // What a member may, the other members may too: of them the calls are made that cost little.
  const able = callers.filter((one) => may(one) && (method === 'GET' || !isColleague(one)))
  for (const caller of able) {
    const call = caller === 'student' ? named : ((await row.fresh?.(world, caller)) ?? named)
    const told = await send(caller, call)
    if (caller === 'student' && row.rule !== open) leaks(caller, told, call)
  }
  expect(wrong).toEqual([])
  await row.done?.(world)
  if (row.waits) await settledStateOf(world)
  await row.settles?.(world)
  if (able.length > 0) return
  const last = await row.succeeds?.(world)
  if (last === undefined) return expect(row.why, 'nobody may: say why').toBeDefined()
  const answer = await (last.as ?? world.callers.nobody).call(method, fill(path, last), last.body)
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300)
}
