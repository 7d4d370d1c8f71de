import { describe, expect, it } from 'vitest'
import { emptyConfig, planBuild } from '../build/planning.js'
import { healthcheckOf } from './healthcheck.js'

const usual = { intervalSeconds: 30, timeoutSeconds: 30, startPeriodSeconds: 0, retries: 3 }

describe('the health check of an image', () => {
  it('is as its configuration says, within bounds', () => {
    expect(healthcheckOf({ Test: ['CMD', 'curl', '-f', 'x'] })).toEqual({
      ...usual,
      test: ['curl', '-f', 'x'],
    })
    expect(
      healthcheckOf({
        Test: ['CMD-SHELL', 'a || b'],
        Interval: 5e9,
        Timeout: 1e6,
        StartPeriod: 1e15,
        Retries: 1000,
      }),
    ).toEqual({
      ...{ test: ['/bin/sh', '-c', 'a || b'], intervalSeconds: 5, timeoutSeconds: 1 },
      ...{ startPeriodSeconds: 3600, retries: 100 },
    })
  })

  it.each([null, undefined, {}, { Test: null }, { Test: ['NONE'] }, { Test: ['CMD'] }, { Test: ['', 'x'] }])(
    'is none with %j',
    (stated) => expect(healthcheckOf(stated)).toBeNull(),
  )
})

describe('HEALTHCHECK of a Dockerfile', () => {
  const base = { ...emptyConfig, healthcheck: { ...usual, test: ['below'] } }
  const plan = (lines: string) =>
    planBuild({
      ...{ dockerfile: `FROM base\n${lines}`, args: {}, secrets: new Set(), architecture: 'amd64' },
      template: () => base,
    }).stages[0]?.config.healthcheck

  it('replaces that of the template below, or takes it away', () => {
    expect(plan('')?.test).toEqual(['below'])
    expect(plan('HEALTHCHECK NONE')).toBeNull()
    expect(
      plan('HEALTHCHECK --interval=5s --timeout=1m --start-period=500ms --retries=2 CMD curl -f x'),
    ).toEqual({
      ...{ test: ['/bin/sh', '-c', 'curl -f x'], intervalSeconds: 5, timeoutSeconds: 60 },
      ...{ startPeriodSeconds: 0.5, retries: 2 },
    })
    expect(plan('SHELL ["/bin/bash", "-c"]\nHEALTHCHECK CMD ["a", "b"]')?.test).toEqual(['a', 'b'])
  })

  it.each([
    ['HEALTHCHECK curl', 'takes CMD and a command, or NONE'],
    ['HEALTHCHECK CMD', 'takes CMD and a command, or NONE'],
    ['HEALTHCHECK --interval=soon CMD a', '--interval takes a time'],
    ['HEALTHCHECK --every=5s CMD a', 'has no option --every'],
    ['HEALTHCHECK --retries=many CMD a', 'retries'],
    ['HEALTHCHECK --interval=1ms CMD a', 'intervalSeconds'],
  ])('%s is refused with its line', (line, message) => {
    expect(() => plan(line)).toThrow('line 2')
    expect(() => plan(line)).toThrow(message)
  })
})
