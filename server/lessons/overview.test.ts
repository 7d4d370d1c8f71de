import { describe, expect, it } from 'vitest'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { describeStudent } from './overview.js'
import type { StudentRow } from './students.js'

const now = Date.parse('2026-12-01T08:30:00Z')
const ago = (minutes: number) => new Date(now - minutes * 60_000)
const row: StudentRow = {
  ...{ id: 'cs_1', userId: 'u', name: 'Ann', number: null, sectionId: null, groupId: null },
  ...{ handUpAt: null, frozen: false, progress: null, checkedAt: null },
  ...{ sandboxId: 'sb_1', sandboxName: 'loops', nodeId: 'nd_1', sandboxState: 'running', asleep: null },
  activeAt: ago(1),
}
const limits = { cpus: 1, memoryMiB: 64, diskMiB: 64, pids: 64 }
const status = (of: Partial<RuntimeSandbox> = {}): RuntimeSandbox => ({
  ...{ id: 'sb_1', tenantId: 'tn_1', template: 'base', state: 'running', failure: null, limits },
  ...{ network: 'none', isolation: 'standard', volumes: [], service: null, allowedNames: [], warm: true },
  ...{ unconfirmedMs: null, usage: null, incidents: [] },
  ...of,
})
const stateOf = (of: Partial<StudentRow>, live: RuntimeSandbox | 'away' | undefined = status()) =>
  describeStudent({ ...row, ...of }, ['one', 'two'], live, now).state
const step = (passed: boolean, minutes: number) => ({ passed, at: ago(minutes).toISOString() })

describe('what a student does', () => {
  it('is told by when the sandbox was used last, and by steps', () => {
    expect(stateOf({})).toBe('working')
    expect(stateOf({ activeAt: ago(3) })).toBe('idle')
    expect(stateOf({ activeAt: ago(6) })).toBe('stuck')
    const done = { one: step(true, 20), two: step(true, 10) }
    expect(stateOf({ activeAt: ago(6), progress: done })).toBe('idle')
    expect(stateOf({ progress: { one: step(false, 4) } })).toBe('working')
    expect(stateOf({ progress: { one: step(false, 5) } })).toBe('stuck')
    // Of a step that the assignment does not have any more nothing is said.
    expect(stateOf({ progress: { gone: step(false, 50) } })).toBe('working')
  })

  it('is told by what the node says of the sandbox', () => {
    expect(stateOf({}, status({ state: 'failed' }))).toBe('error')
    const incident = { kind: 'oom_kill', process: 'cc', host: null, count: 1 } as const
    expect(stateOf({}, status({ incidents: [{ ...incident, at: ago(2).toISOString() }] }))).toBe('error')
    expect(stateOf({}, status({ incidents: [{ ...incident, at: ago(9).toISOString() }] }))).toBe('working')
    expect(stateOf({}, status({ state: 'stopped' }))).toBe('offline')
    expect(stateOf({}, 'away')).toBe('offline')
    expect(stateOf({ asleep: 'paused' }, status({ state: 'paused' }))).toBe('offline')
    expect(stateOf({ sandboxId: null }, undefined)).toBe('offline')
    expect(stateOf({ sandboxId: null, frozen: true }, undefined)).toBe('frozen')
  })

  it('has steps that passed and that failed, of those that are checked', () => {
    const progress = { one: step(true, 1), two: step(false, 1), three: step(true, 1) }
    const { steps, sandbox } = describeStudent({ ...row, progress }, ['one', 'two'], 'away', now)
    expect(steps).toMatchObject({ passed: 1, failed: 1, checks: 2 })
    expect(sandbox).toMatchObject({ id: 'sb_1', state: 'unreachable', cpus: null })
  })
})
