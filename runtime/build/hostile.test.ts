import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../protocol/api/index.js'
import { buildsOf, importTiny } from '../testing/builds.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

describe('a build of somebody who means harm', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const { build, good, inside, nothingIsLeft } = buildsOf(() => cloche, newId('tn'))

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
    await importTiny(cloche)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('makes everything anew without the cache', async () => {
    const text = 'FROM tiny\nRUN cat /proc/sys/kernel/random/uuid >/made'
    await good(text)
    const first = await inside('cat /made')
    expect((await good(text, [], { noCache: true })).steps).toEqual(['done'])
    expect(await inside('cat /made')).not.toBe(first)
  })
})
