import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CommandLine, openCommandLine } from '../../testing/command-line.js'

const small = 'cpus: 0.1, mem_limit: 64m, storage_opt: {size: 64m}'
const compose = `name: shop
services:
  db: {image: base, command: "sh -c 'printf \\"ready\\\\n\\\\033[31mred\\\\n\\"; exec sleep 99'", ${small}, ports: [6379]}
  job: {image: base, command: "sh -c 'getent hosts db >/dev/null && echo \${WORD}; exit 3'", ${small}, depends_on: [db]}
`

describe('cloche stack', { timeout: 60_000 }, () => {
  let line: CommandLine
  let file: string
  beforeAll(async () => {
    line = await openCommandLine()
    file = join(line.home, 'compose.yaml')
    await writeFile(file, compose)
  })
  afterAll(() => line[Symbol.asyncDispose]())
  const ok: CommandLine['ok'] = (...args) => line.ok(...args)

  it('brings a stack up, tells of it, stops it and takes it down', async () => {
    const begun = await line.call(['stack', 'up', '-f', file, '--var', 'WORD=hello'])
    expect(begun.err).toBe('')
    expect(begun.out).toMatch(/^SERVICE +STATE .*\ndb +running +0 +sb_\w+ +http:\/\/6379-\w+\.localhost/)
    const printed = async () => await ok('stack', 'logs', 'shop')
    for (let tries = 0; tries < 50 && !/job \| hello/.test(await printed()); tries++);
    expect(await printed()).toMatch(/db {2}\| ready\n/)
    // What a program prints is text here, and moves no cursor.
    expect(await printed()).not.toContain('\x1b')
    expect(await ok('stack', 'logs', 'shop', 'job')).toBe('job | hello\njob | [ended with exit code 3]\n')
    expect(await ok('stack', 'ps', 'shop')).toMatch(/job +exited \(3\)/)
    expect(await ok('stack', 'ls')).toMatch(/sk_\w+ +shop +degraded +2/)
    expect(JSON.parse(await ok('stack', 'ps', 'shop', '--json'))).toMatchObject({ name: 'shop' })
    expect(await ok('stack', 'stop', 'shop')).toMatch(/db +stopped/)
    expect(await line.call(['stack', 'start', 'shop'])).toMatchObject({
      out: expect.stringMatching(/db +running/),
    })
    expect(await line.call(['stack', 'up', '-f', file, '-p', 'shop'])).toMatchObject({
      out: expect.stringMatching(/db +running/),
    })
    await ok('stack', 'down', 'shop')
    expect(JSON.parse(await ok('stack', 'ls', '--json'))).toEqual([])
  })

  it('builds the templates of a file, and reads the environment that it names', async () => {
    const directory = join(line.home, 'site')
    await mkdir(join(directory, 'web'), { recursive: true })
    await writeFile(join(directory, 'web', 'Dockerfile'), 'FROM base\nARG WORD\nRUN echo "$WORD" >/word\n')
    await writeFile(join(directory, 'web.env'), 'GREETING="hello of a file"\n')
    const at = join(directory, 'compose.yaml')
    const text = `name: site
services:
  web:
    build: {context: web, args: {WORD: built}}
    env_file: web.env
    command: sh -c 'cat /word; echo "$$GREETING"; exec sleep 99'
    ${small.replaceAll(', ', '\n    ').replace(/\{size: (\S+)\}/, '{size: $1}')}
`
    await writeFile(at, text)
    const begun = await line.call(['stack', 'up', '-f', at])
    expect(begun.err).toContain('building the template site-web of web')
    expect(begun.out).toMatch(/web +running/)
    const printed = () => ok('stack', 'logs', 'site')
    for (let tries = 0; tries < 50 && !/of a file/.test(await printed()); tries++);
    expect(await printed()).toBe('web | built\nweb | hello of a file\n')
    await ok('stack', 'down', 'site')
    // What is there already is not built again.
    expect((await line.call(['stack', 'up', '-d', '-f', at])).err).toBe('')
    await ok('stack', 'down', 'site')
    await rm(join(directory, 'web.env'))
    expect(await line.call(['stack', 'up', '-f', at])).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('web.env cannot be read') },
    })
    await writeFile(at, text.replace('env_file: web.env', '').replace('context: web', 'context: none'))
    expect(await line.call(['stack', 'up', '--build', '-f', at])).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('there is no directory') },
    })
  })

  it('says what is wrong', async () => {
    expect(await line.call(['stack', 'up', '-f', join(line.home, 'none.yaml')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('none.yaml cannot be read'),
    })
    await writeFile(file, compose.replace('cpus: 0.1', 'privileged: true'))
    expect(await line.call(['stack', 'up', '-f', file, '--var', 'WORD=x'])).toMatchObject({
      err: expect.stringContaining(
        'services.db.privileged: is not supported: sandboxes are never privileged',
      ),
    })
    expect(await line.call(['stack', 'ps', 'none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no stack none'),
    })
    expect(await line.call(['stack', 'down'])).toMatchObject({ code: 2 })
  })
})
