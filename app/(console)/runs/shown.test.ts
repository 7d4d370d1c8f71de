import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../lib/protocol-runs'
import { after, nothingShown } from './shown'

const told = (...events: RunEvent[]) => events.reduce(after, nothingShown)
const output = (
  content: string,
  encoding: 'utf8' | 'base64' = 'utf8',
  at: number | null = null,
): RunEvent => ({
  ...{ type: 'output', stream: 'stdout', step: 'run', case: at, content, encoding },
})
const running: RunEvent = { type: 'state', state: 'running', attempt: 1 }
const begin: RunEvent = { type: 'begin', step: 'run', case: null }

describe('what is shown of a run while it goes on', () => {
  it('is what its steps printed so far', () => {
    const { state, steps } = told(running, begin, output('a'), output('ä'))
    expect(state).toBe('running')
    expect(steps).toMatchObject([{ name: 'run', stdout: { content: 'aä', bytes: 3 }, result: null }])
  })

  it('begins from nothing when a failure of ours made it start again', () => {
    const again: RunEvent = { type: 'state', state: 'running', attempt: 2 }
    expect(told(running, begin, output('a'), again)).toMatchObject({ attempt: 2, steps: [] })
  })

  it('tells cases apart', () => {
    const { cases } = told(running, output('a', 'utf8', 0), output('b', 'utf8', 1))
    expect(cases.map(({ index, stdout }) => [index, stdout.content])).toEqual([
      [0, 'a'],
      [1, 'b'],
    ])
  })

  it('joins a character that came in two pieces', () => {
    const { steps } = told(begin, output('YcM=', 'base64'), output('pGI=', 'base64'), output('c'))
    expect(steps[0]?.stdout).toMatchObject({ content: 'aäbc', encoding: 'utf8', bytes: 5 })
  })

  it('counts bytes that are no text, and keeps a beginning of what is too long', () => {
    expect(told(begin, output('a'), output('/w==', 'base64')).steps[0]?.stdout).toEqual({
      ...{ content: '', encoding: 'base64', bytes: 2, truncated: true },
    })
    const long = told(begin, output('a'.repeat(300_000))).steps[0]?.stdout
    expect(long).toMatchObject({ bytes: 300_000, truncated: true })
    expect(long?.content.length).toBeLessThan(300_000)
  })
})
