import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dir, type Entry, file, image, layout, plainLayer } from '../../testing/images.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

/** `/bin` is a link, as in most distributions. */
const linked: readonly Entry[] = [
  ...[dir('usr'), dir('usr/bin'), { name: 'bin', flag: '2', target: 'usr/bin' }],
  file('usr/bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
  ...['sh', 'cat'].map((name) => ({ name: `usr/bin/${name}`, flag: '2', target: 'busybox' })),
]

describe('a layer that several images have', () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  const importing = (name: string, archive: Buffer) => cloche.call('PUT', `/templates/${name}/image`, archive)

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it('is not given to who knows its digest only', async () => {
    const secret = plainLayer([file('secret', 'somebody else’s')])
    expect((await importing('theirs', layout([image([plainLayer(linked), secret])]))).status).toBe(201)
    const other = plainLayer([file('other', 'x')])
    for (const layers of [
      [{ ...other, diffId: secret.diffId }],
      [plainLayer(linked), { ...other, diffId: secret.diffId }],
    ]) {
      const answer = await importing('mine', layout([image(layers)]))
      expect([answer.status, refusalOf(answer).message]).toEqual([
        400,
        expect.stringContaining('has the digest'),
      ])
    }
    const honest = layout([image([plainLayer(linked), secret])])
    expect((await importing('mine', honest)).status).toBe(201)
  })

  it('is what it is over other layers, whoever had it as their lowest before', async () => {
    const tool = plainLayer([file('bin/tool', 'of the link')])
    expect((await importing('lowest', layout([image([tool])]))).status).toBe(201)
    expect((await importing('higher', layout([image([plainLayer(linked), tool])]))).status).toBe(201)
    const { id } = await cloche.claim({ template: 'higher' })
    expect((await cloche.exec(id, 'cat /usr/bin/tool')).stdout).toBe('of the link')
  })
})
