import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instance } from '../testing/instance.js'
import { type BreakableLine, openProxy } from '../testing/proxy.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { Cloche, NotFound } from './index.js'

describe('runs', () => {
  let instance: Instance
  let proxy: BreakableLine
  let cloche: Cloche

  beforeAll(async () => {
    instance = await sharedInstance()
    proxy = await openProxy(instance.url)
    cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
  })
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]()
    await instance?.[Symbol.asyncDispose]()
  })

  const python = (content: string) => ({ language: 'python', files: [{ path: 'main.py', content }] })

  it('says what they can be written in', async () => {
    expect(await cloche.languages()).toContainEqual(
      expect.objectContaining({ name: 'python', version: expect.stringMatching(/^3\.\d+/) }),
    )
  })

  it('waits for their end, whatever it is', async () => {
    const request = { ...python('print(sum(map(int, input().split())))'), stdin: '19 23' }
    const { status, state, steps } = await cloche.runs.run(request)
    expect({ status, state, said: steps.at(-1)?.stdout.content }).toEqual({
      status: 'ok',
      state: 'finished',
      said: '42\n',
    })
    expect(await cloche.runs.run({ command: 'exit 3' })).toMatchObject({
      status: 'runtime_error',
      steps: [{ exitCode: 3 }],
    })
    const limits = { wallMs: 100 }
    expect(await cloche.runs.run({ command: 'sleep 60', limits })).toMatchObject({ status: 'time_limit' })
  })

  it('grades cases', async () => {
    const cases = [
      { stdin: '3', expected: '9' },
      { stdin: '4', expected: '15' },
    ]
    const graded = await cloche.runs.run({ ...python('print(int(input()) ** 2)'), cases })
    expect(graded).toMatchObject({ status: 'wrong_answer', casesPassed: 1, casesTotal: 2 })
  })

  it('tells what happens as it happens, once, however often the line breaks', async () => {
    const away = new Cloche({ url: proxy.url, apiKey: instance.admin.apiKey })
    const run = await away.runs.create({ command: 'for i in $(seq 60); do echo line $i; sleep 0.03; done' })
    let said = ''
    let cuts = 0
    for await (const event of run.events()) {
      if (event.type === 'output') said += event.content
      if (event.type === 'result') expect(event.run.status).toBe('ok')
      if (said.includes(`line ${10 + cuts * 15}\n`) && cuts < 3) {
        cuts++
        proxy.cut()
      }
    }
    expect(cuts).toBe(3)
    expect(said).toBe(Array.from({ length: 60 }, (_, at) => `line ${at + 1}\n`).join(''))
  })

  it('cancels them, finds them again, and has their result', async () => {
    const run = await cloche.runs.create({ command: 'sleep 600', metadata: { lesson: 'seven' } })
    await run.cancel()
    expect(await run.result()).toMatchObject({ id: run.id, state: 'canceled' })
    expect(await cloche.runs.at(run.id).describe()).toMatchObject({ state: 'canceled' })
    const found = []
    for await (const { id } of cloche.runs.list({ search: 'seven' })) found.push(id)
    expect(found).toEqual([run.id])
    await expect(cloche.runs.at('rn_00000000000000000000').result()).rejects.toThrow(NotFound)
  })

  it('makes one, when the answer to the first try is lost', async () => {
    let lose = true
    const fetch: typeof globalThis.fetch = async (url, init) => {
      const answer = await globalThis.fetch(url, init)
      if (!lose) return answer
      lose = false
      throw new TypeError('fetch failed')
    }
    const shaky = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey, fetch })
    const metadata = { only: 'once-and-for-all' }
    expect(await shaky.runs.run({ command: 'true', metadata })).toMatchObject({ status: 'ok' })
    const found = []
    for await (const { id } of cloche.runs.list({ search: metadata.only })) found.push(id)
    expect(found).toHaveLength(1)
  })

  it('has the secret that callbacks are signed with', async () => {
    expect(await cloche.runs.callbackSecret()).toMatch(/^whsec_/)
  })
})
