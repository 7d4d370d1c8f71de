import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cloche, FileNotFound, type Sandbox, type WatchEvent } from '../../sdk/index.js'
import type { Instance } from '../../testing/instance.js'
import { sharedInstance } from '../../testing/shared-instance.js'

describe('files that are watched', () => {
  let instance: Instance
  let box: Sandbox

  beforeAll(async () => {
    instance = await sharedInstance()
    const cloche = new Cloche({ url: instance.url, apiKey: instance.admin.apiKey })
    box = await cloche.sandboxes.create({ limits: { cpus: 1, memoryMiB: 256, diskMiB: 128 } })
  })
  afterAll(() => instance?.[Symbol.asyncDispose]())

  /** What is told until it holds. `act` is done once the watch is ready. */
  const told = async (
    path: string,
    act: () => Promise<unknown>,
    enough: (events: WatchEvent[]) => boolean,
  ) => {
    const events: WatchEvent[] = []
    for await (const event of box.files.watch(path)) {
      events.push(event)
      if (event.type === 'ready') await act()
      if (enough(events)) break
    }
    return events
  }
  const pathsOf = (events: readonly WatchEvent[]) =>
    events.flatMap((event) => (event.type === 'change' ? event.changes.map((change) => change.path) : []))

  it('are told of by path, as it was asked for', async () => {
    await box.exec('mkdir -p project')
    const act = () => box.exec('echo a > project/a; mv project/a project/b')
    const absolute = await told('/home/user/project', act, (events) =>
      pathsOf(events).includes('/home/user/project/b'),
    )
    expect(absolute[0]).toEqual({ type: 'ready', complete: true })
    await told(
      'project',
      () => box.files.write('project/c', 'c'),
      (events) => pathsOf(events).some((path) => path === 'project/c'),
    )
  })

  it('are refused as other files are, and told of while the sandbox is stopped', async () => {
    await expect(box.files.watch('nowhere').next()).rejects.toThrow(FileNotFound)
    await told(
      '/home/user',
      () => box.stop(),
      (all) => all.at(-1)?.type === 'rescan',
    )
    const write = () => box.files.write('stopped', 'by the API')
    await told('/home/user', write, (all) => pathsOf(all).includes('/home/user/stopped'))
    await told(
      '/home/user',
      () => box.start(),
      (all) => all.at(-1)?.type === 'rescan',
    )
  })
})
