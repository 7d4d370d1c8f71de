import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pino from 'pino'
import { expect, it } from 'vitest'
import { archiveOf } from './archive.js'
import { goneOf } from './routes.js'

const piece = Buffer.alloc(64 * 1024)
const member = (pieces: number) => ({
  ...{ name: 'blob', sizeBytes: pieces * piece.length },
  async read() {
    return (async function* () {
      for (let at = 0; at < pieces; at++) yield piece
    })()
  },
})
/** Takes a piece each so many milliseconds. */
const reader = (ms: number) =>
  new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void setTimeout(done, ms) })
const pace = { everyMs: 20, over: 3, leastBytes: 16 * piece.length }
const signal = new AbortController().signal

it('an archive ends whose reader takes little for long, though it takes something each time', async () => {
  const archive = archiveOf([member(400)], signal, pino({ level: 'silent' }), pace)
  await expect(pipeline(archive, reader(10))).rejects.toThrow('too slow')
  const quick = archiveOf([member(400)], signal, pino({ level: 'silent' }), pace)
  await pipeline(quick, reader(0))
})

it('an export whose caller is gone already does not begin', () => {
  const raw = new PassThrough()
  expect(goneOf({ raw }).aborted).toBe(false)
  raw.destroy()
  expect(goneOf({ raw }).aborted).toBe(true)
})
