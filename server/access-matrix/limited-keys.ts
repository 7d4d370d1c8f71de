import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KeyLimits } from '../../protocol/api/index.js'
import { TestClient } from '../../testing/client.js'
import { keyRules } from '../auth/key-limits.js'
import { actionOf } from './actions.js'
import type { described } from './routes.js'
import type { Call, Row } from './rows/row.js'
import { answerOf } from './rules.js'
import { connect, type Line, socketTable, terminalOf, view } from './sockets.js'
import { table } from './table.js'
import { must, type Victim, type World } from './world.js'

/** Calls that change nothing although they are no GET. */
const asking: ReadonlySet<string> = new Set(['checkSubmissionReceipt'])
/** They ask for what staff see of a class too, which no key with limits does. */
const ofStaff: ReadonlySet<string> = new Set([
  ...['getSubmission', 'getSubmissionReceipt', 'listSubmissionFiles', 'readSubmissionFile'],
  ...['packSubmission', 'compareSubmission', 'listGradings', 'listLineComments'],
])
/** They answer with what the caller has, whatever they name. */
const listing: ReadonlySet<string> = new Set(['listSandboxes', 'listRuns', 'createSandbox', 'createRun'])
/** They tell of the tenant what everybody in it may know. */
const common: ReadonlySet<string> = new Set(['template.read', 'tenant.read'])

const about = (victim: Victim) => Object.values(victim).filter((one) => typeof one === 'string')

const fill = (path: string, { path: values = {}, query = {} }: Call) =>
  path.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole) +
  (Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query)}`)

/**
 * Every call and socket event of the matrix, made with keys of the victim that have limits: by their rules
 * (`auth/key-limits.ts`), so that a call that is new is decided about.
 */
export function holdLimitedKeys(
  of: () => { readonly world: World; readonly calls: Awaited<ReturnType<typeof described>> },
): void {
  const lines: Line[] = []
  /** The world in which the key of the owner has limits. */
  let reading: World
  let own: World

  beforeAll(async () => {
    const { world } = of()
    const limited = async (limits: KeyLimits): Promise<World> => {
      const { key } = await must(world.callers.owner, 'POST', '/api/v1/keys', { name: 'limited', limits })
      const callers = { ...world.callers, key: TestClient.withKey(world.url, key) }
      return { ...world, callers, tokens: { ...world.tokens, key: String(key) } }
    }
    reading = await limited({ readOnly: true })
    own = await limited({ ownOnly: true })
  })
  afterAll(() => lines.forEach((line) => void line.disconnect()))

  /** Each call that a principal decides about, with the victim's ids. */
  const decided = () =>
    of().calls.flatMap(({ method, path, name }) => {
      const [action, row] = [actionOf[name], table[name]]
      if (!action || row === undefined) return []
      const call = row.call?.(of().world.victim) ?? {}
      return [{ method, name, row, call, action, rule: keyRules[action], url: fill(path, call) }]
    })
  const mayOtherwise = ({ rule, but }: Row) => answerOf({ ...rule, ...but }, 'key') === 'ok'

  it('that may only read is refused every call that changes something, and reads', async () => {
    const wrong: string[] = []
    for (const { method, name, row, call, action, rule, url } of decided()) {
      const reads = method === 'GET' || asking.has(name)
      const isRefused = !reads || rule === 'works' || rule === 'never' || ofStaff.has(name)
      // What uses something up, or goes on, is for those who may.
      if (!isRefused && (row.fresh !== undefined || !mayOtherwise(row))) continue
      const { status, body } = await reading.callers.key.call(method, url, call.body, call.headers)
      const isRight = isRefused ? status === 403 : status >= 200 && status <= 299
      if (!isRight)
        wrong.push(`${method} ${name} (${action}): ${status} ${JSON.stringify(body).slice(0, 200)}`)
    }
    expect(wrong).toEqual([])
  }, 300_000)

  it('that has made nothing finds nothing of others, and nothing of the tenant', async () => {
    const { victim } = of().world
    const { sandboxId, spareId, snapshotId, runId } = victim
    const wrong: string[] = []
    for (const { method, name, call, action, rule, url } of decided()) {
      const { status, body } = await own.callers.key.call(method, url, call.body, call.headers)
      const said = JSON.stringify([url, call])
      const named = about(victim).some((one) => said.includes(one))
      const isRefused =
        rule === 'never' || rule === 'tenant' || (named && !common.has(action) && !listing.has(name))
      const told = JSON.stringify(body ?? '')
      const leaks = [sandboxId, spareId, snapshotId, runId].some(
        (one) => told.includes(one) && !said.includes(one),
      )
      if (leaks || (isRefused && ![403, 404].includes(status))) {
        wrong.push(`${method} ${name} (${action}): ${status} ${told.slice(0, 200)}`)
      }
    }
    expect(wrong).toEqual([])
    await must(of().world.callers.owner, 'GET', `/api/v1/runs/${runId}`)
  }, 300_000)

  it('that may only read looks on at sockets', async () => {
    const { sandboxId } = of().world.victim
    const { owner } = of().world.callers
    const path = `/api/v1/sandboxes/${sandboxId}/terminals`
    for (const row of Object.values(socketTable)) {
      const terminalId = String((await must(owner, 'POST', path, {})).id)
      const [viewer, line] = [await connect(of().world, 'owner'), await connect(reading, 'key')]
      lines.push(viewer, line)
      await row.looks(line, { sandboxId, terminalId }, await view(viewer, sandboxId, terminalId))
      await owner.call('DELETE', `${path}/${terminalId}`)
    }
  })

  it('that has made something else finds every event of a socket closed', async () => {
    const theirs = await terminalOf(own, 'key')
    for (const [name, row] of Object.entries(socketTable)) {
      const line = await connect(own, 'key')
      lines.push(line)
      for (const answer of await row.attempt({ line, victim: of().world.victim, ...theirs })) {
        expect(answer, name).toMatchObject({ ok: false, error: { code: 'not_found' } })
      }
    }
    await must(own.callers.key, 'DELETE', `/api/v1/sandboxes/${theirs.ownSandbox}`)
  })
}
