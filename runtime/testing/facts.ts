import { setTimeout as sleep } from 'node:timers/promises'
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'
import * as chai from 'chai'

/**
 * The few words of Vitest that tests of the kernel need, for a place where Vitest itself does not run: the guest
 * of `uml.ts`. The bundler puts this file in Vitest's place there, so the tests are the same.
 */
chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)
export const expect = Object.assign(chai.expect, { poll })

/** `expect.poll(read).toBe(…)`: reads again until it holds, or until the time is over. */
function poll(read: () => unknown, { timeout = 20_000 }: { readonly timeout?: number } = {}): object {
  const attempts =
    (matcher: string | symbol) =>
    async (...wanted: unknown[]) => {
      const end = performance.now() + timeout
      for (;;) {
        try {
          const assertion = chai.expect(await read())
          const holds: unknown = Reflect.get(assertion, matcher)
          if (typeof holds !== 'function') throw new Error(`expect.poll has no ${String(matcher)} here`)
          return holds.apply(assertion, wanted)
        } catch (error) {
          if (performance.now() > end) throw error
          await sleep(50)
        }
      }
    }
  return new Proxy({}, { get: (_, matcher) => attempts(matcher) })
}

/** One test, and what came of it. */
export interface Fact {
  readonly name: string
  /** Why it failed; null when it holds. */
  readonly error: string | null
}

type Act = () => unknown
interface Group {
  readonly name: string
  readonly before: Act[]
  readonly after: Act[]
  readonly parts: (Group | { readonly name: string; readonly test: Act })[]
}

const top: Group = { name: '', before: [], after: [], parts: [] }
let current = top

/** `$key` and `%s` in `name` stand for parts of the row. */
const named = (name: string, row: unknown) =>
  typeof row === 'object' && row !== null && !Array.isArray(row)
    ? Object.entries(row).reduce((text, [key, value]) => text.replace(`$${key}`, () => String(value)), name)
    : [row].flat().reduce((text: string, value) => text.replace('%s', () => String(value)), name)

const eachOf =
  (add: (name: string, act: Act) => void) =>
  (rows: readonly unknown[]) =>
  (name: string, act: (...row: unknown[]) => unknown) => {
    for (const row of rows) {
      add(named(name, row), () => (Array.isArray(row) ? act(...row) : act(row)))
    }
  }

const addGroup = (name: string, act: Act) => {
  const outer = current
  current = { name: `${outer.name}${name} › `, before: [], after: [], parts: [] }
  outer.parts.push(current)
  act()
  current = outer
}
const addTest = (name: string, test: Act) => void current.parts.push({ name: `${current.name}${name}`, test })

export const describe = Object.assign(addGroup, { each: eachOf(addGroup) })
export const it = Object.assign(addTest, { each: eachOf(addTest) })
export const beforeAll = (act: Act) => void current.before.push(act)
export const afterAll = (act: Act) => void current.after.unshift(act)

/** Runs every test that was described, one after the other, and tells of each. */
export async function runFacts(tell: (fact: Fact) => void, group: Group = top): Promise<void> {
  try {
    for (const act of group.before) await act()
    for (const part of group.parts) {
      if ('parts' in part) await runFacts(tell, part)
      else tell({ name: part.name, error: await attempt(part.test) })
    }
    for (const act of group.after) await act()
  } catch (error) {
    tell({ name: `${group.name}before or after all`, error: textOf(error) })
  }
}

async function attempt(test: Act): Promise<string | null> {
  try {
    await test()
    return null
  } catch (error) {
    return textOf(error)
  }
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))
