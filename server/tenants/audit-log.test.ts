import { describe, expect, it } from 'vitest'
import { auditCsv } from './audit-log.js'

const event = {
  ...{ id: '1', at: '2026-11-28T05:00:00.000Z', actor: 'ann@example.org', action: 'sandbox.create' },
  ...{ target: 'sb_1', targetName: 'box', targetExists: true, detail: { name: 'box' } },
}

describe('the audit log as CSV', () => {
  it('quotes every cell and doubles quotes', () => {
    expect(auditCsv([{ ...event, targetName: 'a "b", c\nd' }]).split('\r\n')).toEqual([
      '"time","actor","action","target","target name","detail"',
      '"2026-11-28T05:00:00.000Z","ann@example.org","sandbox.create","sb_1","a ""b"", c\nd","{""name"":""box""}"',
      '',
    ])
  })

  it.each(['=HYPERLINK("http://x")', '+1+1', '-2', '@SUM(A1)', '\t=1', '\r=1'])(
    'makes no formula of the name %j',
    (name) => {
      const [, line = ''] = auditCsv([{ ...event, actor: name, targetName: name }]).split(/\r\n(?=")/)
      for (const cell of [1, 4]) expect(line.split('","')[cell]).toMatch(/^'[=+\-@\t\r]/)
    },
  )
})
