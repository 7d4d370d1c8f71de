import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { Cloche } from './index.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('judges', () => {
  let instance: Instance
  let cloche: Cloche

  beforeAll(async () => {
    instance = await sharedInstance()
    cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
  })
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]()
  })

  it('do what docs/how-to/judge-programs.md shows', async () => {
    const page = await readFile('docs/how-to/judge-programs.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(3)
    const source = `${blocks.join('\n')}\nreturn { checked, played, tested }`
    const { checked, played, tested } = await new AsyncFunction('cloche', 'console', source)(cloche, {
      log: () => {},
    })
    expect(checked).toMatchObject({
      ...{ status: 'wrong_answer', casesPassed: 1, casesTotal: 2 },
      cases: [{ judge: { points: 1 } }, { judge: { points: 0 } }],
    })
    expect(played).toMatchObject({ status: 'ok', casesPassed: 2 })
    expect(tested).toMatchObject({ status: 'ok', steps: [{ judge: { points: 1 } }] })
  })

  it('are seen in the result that is read later, with what they use in the usage of the tenant', async () => {
    const run = await cloche.runs.create({
      command: 'echo 1; read x',
      judge: { mode: 'interactive', command: 'read x; echo said >&2; exit 1' },
    })
    await run.result()
    expect(await run.describe()).toMatchObject({
      status: 'wrong_answer',
      steps: [{ status: 'wrong_answer', judge: { points: 0, exitCode: 1, stderr: { content: 'said\n' } } }],
    })
  })

  it('are refused with words when they cannot be', async () => {
    const judge = { mode: 'interactive', command: 'true' } as const
    await expect(
      cloche.runs.run({ command: 'cat', judge: { ...judge, template: 'nothing' } }),
    ).rejects.toThrow(/template nothing not found/)
    await expect(cloche.runs.run({ command: 'cat', judge: { ...judge, mode: 'checker' } })).rejects.toThrow(
      /a checker needs cases/,
    )
  })
})
