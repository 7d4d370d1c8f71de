import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileEntry, fileTree } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'

const directory = `/run/cloche/${testInstance}`

describe('the files of a stopped sandbox', { timeout: 60_000 }, () => {
  let namespace: AsyncDisposable
  let cloche: Instance
  let id: string

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    cloche = await startInstance(testInstance)
    id = (await cloche.claim()).id
  })
  afterAll(async () => {
    await cloche[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const at = (what: string, path: string) => `/sandboxes/${id}/${what}?path=${encodeURIComponent(path)}`
  const act = async (what: 'start' | 'stop') => {
    const { status, text } = await cloche.call('POST', `/sandboxes/${id}/${what}`)
    expect(status, text).toBe(200)
  }
  const ok = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await cloche.call(method, path, body)
    expect(status, text).toBeLessThan(300)
    return text
  }
  const inside = async (script: string) => (await cloche.exec(id, script)).stdout
  /** Mounts on the host that hold a sandbox's root. */
  const mounted = () =>
    readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${directory}/scratch/`) && line.includes(' overlay '))

  /** An upload whose second half comes when `finish` is called. */
  const upload = async (path: string) => {
    const outgoing = request({
      ...{ socketPath: `${directory}/runtime.sock`, method: 'PUT', agent: false },
      path: at('files', path),
    })
    const answered = new Promise<number>((resolve) => {
      outgoing.once('response', (answer) => resolve(answer.resume().statusCode ?? 0))
      outgoing.once('error', () => resolve(0))
    })
    outgoing.write('first ')
    await expect.poll(async () => (await cloche.call('GET', at('tree', '.'))).text).toContain('"name":".new_')
    return (): Promise<number> => {
      outgoing.end('second')
      return answered
    }
  }

  it('are read and changed by every call, and are the same when it runs again', async () => {
    await inside('echo old >old; mkdir dir; ln -s old link')
    const secret = join(cloche.home, 'secret')
    writeFileSync(secret, 'of the host')
    await inside(`ln -s ${secret} out; ln -s ../../../../../../../../../../${secret} up`)
    await act('stop')
    expect(await ok('GET', at('files', 'link'))).toBe('old\n')
    const { etag } = fileEntry.parse(JSON.parse(await ok('PUT', at('files', 'made/new'), 'content')))
    expect(fileEntry.parse(JSON.parse(await ok('GET', at('files/stat', 'made/new')))).etag).toBe(etag)
    await ok('PUT', `${at('files', 'made/new')}&append=true`, 'more')
    await ok('POST', `/sandboxes/${id}/files/move`, { from: 'old', to: 'dir/moved' })
    await ok('POST', `/sandboxes/${id}/files/copy`, { from: 'dir', to: 'copied' })
    await ok('POST', `/sandboxes/${id}/files/chmod`, { path: 'dir/moved', mode: '600' })
    await ok('GET', at('archive', '.'))
    const { entries } = fileTree.parse(JSON.parse(await ok('GET', at('tree', '.'))))
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['copied', 'dir', 'made', 'out']))
    for (const path of ['out', 'up']) expect((await cloche.call('GET', at('files', path))).status).toBe(404)
    await ok('DELETE', at('files', 'link'))
    await expect.poll(mounted).toEqual([])
    await act('start')
    expect(await inside('cat made/new; stat -c %U:%a made/new dir/moved; cat copied/moved; ls')).toBe(
      '"content""more"user:644\nuser:600\nold\ncopied\ndir\nmade\nout\nup\n',
    )
    expect(mounted()).toEqual([])
  })

  it('are written on while it is started, which waits for nothing', async () => {
    await act('stop')
    const finish = await upload('uploaded')
    expect(mounted()).toHaveLength(1)
    await act('start')
    await inside('echo inside >beside')
    expect(await ok('GET', at('files', 'beside'))).toBe('inside\n')
    expect(await finish()).toBe(201)
    expect(await inside('cat uploaded; ls -A | grep -c new_')).toBe('first second0\n')
    await expect.poll(mounted).toEqual([])
  })

  it('are whole whatever is asked at once while it starts and stops', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `many/${i}`)
    const answers = names.map((name) => cloche.call('PUT', at('files', name), name))
    for (const what of ['stop', 'start', 'stop', 'start'] as const) await act(what)
    const written = (await Promise.all(answers)).map(({ status }) => status)
    expect(new Set(written)).toEqual(new Set([201]))
    for (const name of names) expect(await ok('GET', at('files', name))).toBe(`"${name}"`)
    await expect.poll(mounted).toEqual([])
  })

  it('are searched in a copy, which is gone afterwards also when its tenant was paused meanwhile', async () => {
    const copies = () => readdirSync(join(cloche.disk, 'runs'))
    const { tenantId } = cloche.recordOf(id)
    await act('stop')
    const before = copies()
    const searching = request({
      ...{ socketPath: `${directory}/runtime.sock`, method: 'POST', agent: false },
      ...{ path: `/sandboxes/${id}/search`, headers: { 'content-type': 'application/json' } },
    })
    searching.end(JSON.stringify({ command: 'echo begun; sleep 1000', cwd: '/', timeoutMs: 4000 }))
    const [answer] = await once(searching, 'response')
    expect(answer.statusCode).toBe(200)
    await once(answer, 'data')
    expect(copies().length).toBe(before.length + 1)
    await ok('POST', `/tenants/${tenantId}/pause`)
    // Killed at its deadline, it cannot die where it is.
    await expect.poll(copies, { timeout: 30_000 }).toEqual(before)
    await ok('POST', `/tenants/${tenantId}/resume`)
    await act('start')
  })

  it('go with it, and nothing stays behind, also when somebody writes at that moment', async () => {
    await act('stop')
    const finish = await upload('late')
    expect((await cloche.call('DELETE', `/sandboxes/${id}`)).status).toBe(204)
    expect(await finish()).not.toBe(500)
    expect((await cloche.call('GET', at('files', 'late'))).status).toBe(404)
    expect(mounted()).toEqual([])
    id = (await cloche.claim()).id
    expect(await inside('echo $((6 * 7))')).toBe('42\n')
  })
})
