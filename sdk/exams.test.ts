import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instance } from '../testing/instance.js'
import { sharedInstance } from '../testing/shared-instance.js'
import { Cloche } from './index.js'

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor

describe('exams', () => {
  let instance: Instance
  let cloche: Cloche

  beforeAll(async () => {
    instance = await sharedInstance()
    cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
  })
  afterAll(async () => {
    await instance?.[Symbol.asyncDispose]()
  })

  it('are held as docs/how-to/exams.md shows', async () => {
    const page = await readFile('docs/how-to/exams.md', 'utf8')
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block = '']) => block)
    expect(blocks).toHaveLength(1)
    const told: string[] = []
    const log = (...words: readonly unknown[]) => void told.push(words.join(' '))
    const id = await new AsyncFunction('cloche', 'console', `${blocks.join('\n')}\nreturn id`)(cloche, {
      log,
    })
    expect(told).toEqual(['Ann  '])
    expect(await cloche.assignments.describe(id)).toMatchObject({
      exam: { network: { allow: ['docs.python.org'] }, paste: 'prevent' },
    })
    expect(await cloche.assignments.extensions(id)).toMatchObject([{ name: 'Ann', dueAt: { byClock: true } }])
  })
})
