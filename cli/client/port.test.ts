import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

describe('cloche port', () => {
  let line: CommandLine

  beforeAll(async () => {
    line = await openCommandLine()
  })
  afterAll(() => line[Symbol.asyncDispose]())

  it('shares a port, lists it, and makes it private again', async () => {
    const url = (await line.ok('port', 'share', '--for', '1h', 'box', '8000')).trim()
    expect(url).toMatch(/^http:\/\/8000-[0-9a-z]{20}\.localhost:\d+$/)
    expect(await line.ok('port', 'ls', 'box')).toMatch(
      new RegExp(`^PORT .*\n8000 +public until .* ${url}\n$`),
    )
    await line.ok('port', 'unshare', 'box', '8000')
    expect(await line.ok('port', 'ls', 'box')).toMatch(/^PORT .*\n$/)
  })

  it('says what is missing', async () => {
    expect(await line.call(['port', 'share', 'box', '0'])).toMatchObject({ code: 2 })
    expect((await line.call(['port', 'open', 'box', '8000'])).err).toContain('nothing listens on port 8000')
  })
})
