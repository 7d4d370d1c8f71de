import { describe, expect, it } from 'vitest'
import { cronOf, whenOf } from './when.js'

describe('a time of the form', () => {
  it('becomes an expression, and is read from it again', () => {
    for (const cron of ['5 * * * *', '30 2 * * *', '0 14 * * 1-5', '15 9 * * 0']) {
      expect(cronOf(whenOf(cron))).toBe(cron)
      expect(whenOf(cron).rhythm).not.toBe('custom')
    }
    expect(whenOf('0 14 * * MON-FRI')).toMatchObject({ rhythm: 'weekdays', time: '14:00' })
  })

  it('stays an expression when there are no words for it', () => {
    for (const cron of ['@weekly', '*/10 * * * *', '0 0 1 * *', '5 * * * 1', '0 1,2 * * *']) {
      expect(whenOf(cron)).toMatchObject({ rhythm: 'custom', cron })
      expect(cronOf(whenOf(cron))).toBe(cron)
    }
  })
})
