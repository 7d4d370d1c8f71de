import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createLog } from './log.js'
import { programSources } from './testing/sources.js'

const line = z.looseObject({ msg: z.string() })

function logged(act: (log: ReturnType<typeof createLog>) => void) {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      chunks.push(String(chunk))
      done()
    },
  })
  act(createLog('test', 'trace', stream))
  return chunks.map((chunk) => line.parse(JSON.parse(chunk)))
}

describe('a log', () => {
  const cause = Object.assign(new Error('no such file'), { code: 'ENOENT', detail: 'a secret' })
  const error = new TypeError('it cannot be read', { cause })
  const whole = {
    type: 'TypeError',
    message: 'it cannot be read',
    stack: expect.stringContaining('log.test.ts'),
    cause: { type: 'Error', message: 'no such file', code: 'ENOENT', stack: expect.any(String) },
  }

  it.each(['error', 'err', 'reason'])('shows an error under the key %s with cause, code and stack', (key) => {
    expect(logged((log) => log.error({ [key]: error }, 'failed'))[0]?.[key]).toEqual(whole)
  })

  it('shows an error that is logged without a key, and one in a child’s log', () => {
    expect(logged((log) => log.error(error))[0]).toMatchObject({ err: whole, msg: 'it cannot be read' })
    expect(logged((log) => log.child({ run: 1 }).error({ error }, 'failed'))[0]?.error).toEqual(whole)
  })

  it('shows what was thrown and is no error, several errors in one, and one that causes itself', () => {
    expect(logged((log) => log.error({ error: 'a text' }, 'failed'))[0]?.error).toBe('a text')
    const many = new AggregateError([error], 'all failed')
    expect(logged((log) => log.error({ error: many }, 'failed'))[0]?.error).toMatchObject({ errors: [whole] })
    const circle = new Error('a circle')
    circle.cause = circle
    expect(logged((log) => log.error({ error: circle }, 'failed'))).toHaveLength(1)
  })

  it('shows of a request its path only', () => {
    const req = { method: 'GET', url: '/a?token=1', headers: { cookie: 'x' } }
    expect(logged((log) => log.info({ req }, 'asked'))[0]?.req).toEqual({ method: 'GET', path: '/a' })
  })

  it('is made here and nowhere else', () => {
    const makers = programSources().filter((file) =>
      /^import (?!type).*\bfrom 'pino'/m.test(readFileSync(file, 'utf8')),
    )
    expect(makers).toEqual(['common/log.ts'])
  })
})
