import headless from '@xterm/headless'
import { describe, expect, it } from 'vitest'
import type { BuildEvent } from '../../lib/protocol-builds'
import { linesOf } from './log-lines'
import { after, nothingShown, wholeLog } from './shown'

const step = (number: number, at: number, state: 'started' | 'cached' | 'done' | 'failed'): BuildEvent => ({
  ...{
    type: 'step',
    number,
    step: at,
    steps: 2,
    stage: 'main',
    line: at + 1,
    instruction: `RUN ${at}`,
    state,
  },
  durationMs: state === 'started' ? null : 5,
})
const output = (number: number, at: number, text: string): BuildEvent => ({
  ...{ type: 'output', number, step: at, text },
})
const told = (...events: BuildEvent[]) => events.reduce(after, nothingShown)

describe('what is shown of a build', () => {
  it('is its steps, with what each has printed', () => {
    const shown = told(step(1, 1, 'started'), output(2, 1, 'a'), output(3, 1, 'b\r\n'), step(4, 1, 'done'))
    expect(shown.steps).toMatchObject([{ step: 1, line: 2, state: 'done', durationMs: 5, text: 'ab\r\n' }])
    const end: BuildEvent = { type: 'end', number: 6, status: 'failed', error: 'no' }
    const over = [step(5, 2, 'failed'), output(6, 0, 'x'), { ...end, number: 7 }].reduce(after, shown)
    expect(over).toMatchObject({ total: 2, text: 'x', end: { status: 'failed' } })
    expect(wholeLog(over)).toBe('x\n[main 1/2] RUN 1\nab\n\n[main 2/2] RUN 2\n\nno')
  })

  it('takes an event once, however often it comes', () => {
    const events = [step(1, 1, 'started'), output(2, 1, 'a')]
    expect(told(...events, ...events)).toEqual(told(...events))
  })
})

describe('the log of a step', () => {
  const shown = async (text: string) => {
    const terminal = new headless.Terminal({
      cols: 20,
      rows: 4,
      scrollback: 100,
      convertEol: true,
      allowProposedApi: true,
    })
    await new Promise<void>((resolve) => terminal.write(text, resolve))
    return linesOf(terminal.buffer.normal).map(({ spans }) => spans)
  }

  it('has colours, and text without any that is just text', async () => {
    expect(
      await shown('plain\r\n\x1b[1;31mred\x1b[0m then \x1b[38;2;1;2;3mfree\x1b[m\x1b[97;44mon\x1b[m\r\n'),
    ).toEqual([
      [{ text: 'plain', style: undefined }],
      [
        { text: 'red', style: { color: 'light-dark(#b3261e, #ff8b80)', fontWeight: 700 } },
        { text: ' then ', style: undefined },
        { text: 'free', style: { color: 'color-mix(in oklab, #010203 65%, var(--ink))' } },
        {
          text: 'on',
          style: { color: 'light-dark(#ffffff, #000000)', background: 'light-dark(#1f5fb0, #82b4ff)' },
        },
      ],
    ])
  })

  it('has the last of what is drawn over, and long and wide lines whole', async () => {
    const lines = await shown(`10 %\r50 %\r100 %\nin ${'很'.repeat(12)} end\n`)
    expect(lines.map((spans) => spans.map(({ text }) => text).join(''))).toEqual([
      '100 %',
      `in ${'很'.repeat(12)} end`,
    ])
  })
})
