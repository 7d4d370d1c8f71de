import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { terminal } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { watch } from '../testing/watcher.js'

describe('a terminal with several viewers', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let sandbox: string
  const socket = `/run/cloche/${testInstance}/runtime.sock`

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    sandbox = (await instance.claim()).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  /** @returns how to attach to a new terminal, and the size that its program sees */
  const open = async (script: string) => {
    const answer = await instance.call('POST', `/sandboxes/${sandbox}/terminals`, {
      command: ['/bin/bash', '-c', script],
    })
    const { id } = terminal.parse(JSON.parse(answer.text))
    const attach = (options: Parameters<typeof watch>[2] = {}, query = '') =>
      watch(socket, `/sandboxes/${sandbox}/terminals/${id}/attach${query}`, options)
    const size = async () => {
      const { text } = await instance.call('GET', `/sandboxes/${sandbox}/terminals`)
      const found = JSON.parse(text).terminals.find((one: { id: string }) => one.id === id)
      return `${found.cols}x${found.rows}`
    }
    return { attach, size }
  }

  it('has the size of whoever typed or claimed last, and of who is left when that one leaves', async () => {
    const { attach, size } = await open('exec cat')
    using large = await attach()
    large.resize(120, 40)
    await expect.poll(size).toBe('120x40')
    const small = await attach()
    small.resize(60, 20)
    await expect.poll(size).toBe('60x20')

    large.type('typed')
    await expect.poll(size).toBe('120x40')
    await expect
      .poll(() => large.sizes)
      .toEqual([
        { cols: 120, rows: 40 },
        { cols: 60, rows: 20 },
        { cols: 120, rows: 40 },
      ])
    small.resize(60, 20)
    await expect.poll(size).toBe('60x20')
    small[Symbol.dispose]()
    await expect.poll(size).toBe('120x40')
  })

  it('does not take the size of one who only looks, until that one types', async () => {
    const { attach, size } = await open('exec cat')
    using large = await attach()
    large.resize(120, 40)
    await expect.poll(size).toBe('120x40')
    using back = await attach()
    back.resize(60, 20, false)
    // An answer of its emulator is nothing that it typed, nor is a pointer that passes.
    back.type('\x1b[?1;2c\x1b[3;4R\x1b[O\x1b[<35;1;1M')
    large.resize(121, 40, false)
    await expect.poll(size).toBe('121x40')
    back.type('x')
    await expect.poll(size).toBe('60x20')
    expect(large.output().toString()).not.toContain('[?1;2c')
  })

  it("is answered once when its program asks, by its owner's emulator", async () => {
    const { attach } = await open(
      'stty raw -echo; echo ready; read -rn1; printf "\\e[c\\e[5n\\e[6n"; sleep 1; echo; timeout --foreground 2 cat -v; echo; echo done',
    )
    // Its program may have begun before anybody is there.
    using one = await attach({ drawing: true, answering: true }, '?since=0')
    using two = await attach({ drawing: true, answering: true })
    using three = await attach({ drawing: true, answering: true })
    await one.sees('ready')
    two.type('x')
    await one.sees('done')
    await Promise.all([one.screen(), two.screen(), three.screen()])
    const text = one.output().toString()
    expect(text.split('^[[?1;2c').length - 1).toBe(1)
    expect(text.split('^[[0n').length - 1).toBe(1)
    expect(text.match(/\^\[\[\d+;\d+R/g)).toHaveLength(1)
  })
})
