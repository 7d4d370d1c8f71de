import { describe, expect, it } from 'vitest'
import { withoutAnswers } from './answers.js'
import { feed, freshTerminal } from './screen.js'

const typed = (text: string) => withoutAnswers(Buffer.from(text)).toString()

describe('the input of a viewer that does not answer', () => {
  it('has nothing left of what xterm.js answers to any question', async () => {
    const terminal = await freshTerminal({ cols: 80, rows: 24 })
    const answers: string[] = []
    terminal.onData((text) => answers.push(text))
    const questions = [
      '[c',
      '[>c',
      '[5n',
      '[6n',
      '[?6n',
      '[?2004$p',
      '[4$p',
      'P$qr\x1b\\',
      'P$q q\x1b\\',
      'P$qm\x1b\\',
    ]
    for (const question of questions) await feed(terminal, `\x1b[5;9H\x1b${question}`)
    expect(answers.length).toBeGreaterThanOrEqual(questions.length - 1)
    expect(typed(answers.join(''))).toBe('')
    terminal.dispose()
  })

  it.each([
    '\x1b]11;rgb:1d1d/2626/2323\x1b\\',
    '\x1b]4;1;rgb:ff/00/00\x07',
    '\x1b[?62;4;9;22c',
    '\x1b[>0;276;0c',
    '\x1bP>|xterm.js(6.0.0)\x1b\\',
    '\x1b[8;24;80t',
    '\x1b[?1;0;256S',
    '\x1b[O',
    '\x1b[<35;10;20M',
  ])('is without %j', (answer) => {
    expect(typed(`l${answer}s`)).toBe('ls')
  })

  it.each([
    'ls -l\r',
    '\x1b',
    '\x1b[A\x1bOA\x1b[1;5C\x1b[3~',
    '\x1b[I',
    '\x1b[<0;10;20M\x1b[<0;10;20m\x1b[<64;1;1M',
    '\x1b[200~pasted\x1b[201~',
    '\x1ba\x1b.é漢',
  ])('keeps %j', (keys) => {
    expect(typed(keys)).toBe(keys)
  })
})
