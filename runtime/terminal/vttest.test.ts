import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { terminal } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { stateOf } from '../testing/terminal-state.js'
import { watch } from '../testing/watcher.js'

/** Every screen of a part ends with a question for the Return key, and the part with the menu. */
const mostScreens = 40
const quietMs = 80

describe('vttest, whose every screen', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let sandbox: string
  const socket = `/run/cloche/${testInstance}/runtime.sock`

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance)
    sandbox = (await instance.claim()).id
    const put = await instance.exec(sandbox, 'cat > vttest; chmod +x vttest', {
      ...{ stdin: readFileSync('/usr/bin/vttest').toString('base64'), encoding: 'base64' },
    })
    expect(put.exit?.exitCode).toBe(0)
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  it.each([
    ['1', 'cursor movements', 6],
    ['2', 'screen features', 14],
    ['3', 'character sets', 1],
    ['8', 'inserting and deleting', 10],
  ])('of part %s (%s) is the same to one who comes then as to one who saw all', async (part, _, least) => {
    const answer = await instance.call('POST', `/sandboxes/${sandbox}/terminals`, { command: ['./vttest'] })
    const path = `/sandboxes/${sandbox}/terminals/${terminal.parse(JSON.parse(answer.text)).id}/attach`
    using first = await watch(socket, `${path}?since=0`, { drawing: true, answering: true })
    await first.sees('Enter choice number')
    first.answering = false
    let screens = 0
    for (let key = `${part}\n`; screens < mostScreens; key = '\n') {
      const since = first.output().length
      first.type(key)
      await first.until(() => first.output().length > since, 'an answer')
      for (let seq = -1; seq !== first.seq; await sleep(quietMs)) seq = first.seq
      using second = await watch(socket, path, { drawing: true })
      expect(second.headers[0]?.seq).toBe(first.seq)
      expect(await stateOf(await second.screen()), `screen ${screens}`).toEqual(
        await stateOf(await first.screen()),
      )
      if (first.output().includes('Enter choice number', since)) break
      screens++
    }
    expect(screens).toBeGreaterThanOrEqual(least)
    expect(screens).toBeLessThan(mostScreens)
    await instance.call('DELETE', path.replace('/attach', ''))
  })
})
