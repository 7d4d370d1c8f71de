import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { terminal, thumbnailBounds } from '../../protocol/api/index.js'
import { nodeThumbnails } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { stateOf } from '../testing/terminal-state.js'
import { watch } from '../testing/watcher.js'

describe('terminals', () => {
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

  const open = async (body: object = {}, id = sandbox) => {
    const answer = await instance.call('POST', `/sandboxes/${id}/terminals`, body)
    if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
    return terminal.parse(JSON.parse(answer.text))
  }
  const list = async (id = sandbox) => {
    const answer = await instance.call('GET', `/sandboxes/${id}/terminals`)
    return z.object({ terminals: z.array(terminal) }).parse(JSON.parse(answer.text)).terminals
  }
  const attach = (id: string, options: Parameters<typeof watch>[2] & { since?: number } = {}) => {
    const since = options.since === undefined ? '' : `?since=${options.since}`
    return watch(socket, `/sandboxes/${sandbox}/terminals/${id}/attach${since}`, options)
  }
  const sh = (script: string) => open({ command: ['/bin/sh', '-c', script] })

  it('passes every byte on as it is: UTF-8 in any pieces, colours, mouse, pasted text', async () => {
    const { id } = await sh('stty raw -echo; echo ready; exec cat')
    using one = await attach(id, { since: 0 })
    await one.sees('ready')
    const began = one.output().length
    const text =
      '漢字 é 👩‍👩‍👧‍👦 🇨🇭\x1b[38;2;1;2;3m\x1b[<0;10;5M\x1b[M !!\x1b[200~pasted\nlines\x1b[201~\x1b[?1000h\x00\x03\x04\x7f'
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 3) one.type(bytes.subarray(at, at + 3))
    await one.until(() => one.output().length >= began + bytes.length, 'all bytes')
    expect(one.output().subarray(began)).toEqual(bytes)
  })

  it.each([
    ['vim', 'vi -u NONE -N -c "set mouse=a nu showmode" f', '\x06\x06jjix y z', 'INSERT'],
    ['less', 'less -R f', '  /25\n', '\x1b[7m25'],
    ['htop', 'htop -d 100', '', 'Tasks'],
  ])(
    'shows %s to one who comes later exactly as to one who saw everything',
    async (_, command, keys, sign) => {
      const { id } = await open()
      using first = await attach(id, { since: 0, drawing: true })
      first.type(`seq 300 > f; printf 'before %s\\n' 1 2 3; ${command}\n`)
      await first.sees('\x1b[?1049h')
      await sleep(300)
      if (keys !== '') first.type(keys)
      await first.sees(sign)
      // Until the program has drawn everything, nobody can compare.
      for (let seq = -1; seq !== first.seq; await sleep(400)) seq = first.seq
      using second = await attach(id, { drawing: true })
      expect(second.headers[0]).toMatchObject({ screen: true, seq: first.seq, cols: 80, rows: 24 })
      expect(await stateOf(await second.screen())).toEqual(await stateOf(await first.screen()))

      second.resize(100, 30)
      await first.until(() => first.sizes.length === 1, 'the new size')
      for (let seq = -1; seq !== first.seq; await sleep(400)) seq = first.seq
      await second.until(() => second.seq === first.seq, 'the same output')
      expect(await stateOf(await second.screen())).toEqual(await stateOf(await first.screen()))
      expect(second.sizes).toEqual([{ cols: 100, rows: 30 }])
      await instance.call('DELETE', `/sandboxes/${sandbox}/terminals/${id}`)
    },
  )

  it('brings along a thousand lines above the screen, and goes on byte for byte where the bytes are here', async () => {
    const { id } = await open()
    using first = await attach(id, { since: 0, drawing: true })
    first.type("PS1='$ '; seq 200000; echo en''d\n")
    await first.sees('end')
    for (let seq = -1; seq !== first.seq; await sleep(100)) seq = first.seq
    using late = await attach(id, { drawing: true })
    expect(late.headers[0]).toMatchObject({ screen: true, seq: first.seq })
    expect(await stateOf(await late.screen())).toEqual(await stateOf(await first.screen()))
    expect((await late.screen()).buffer.active.baseY).toBe(1000)

    using back = await attach(id, { since: first.seq - 100_000 })
    await back.until(() => back.seq === first.seq, 'the rest')
    expect(back.headers[0]).toMatchObject({ screen: false, seq: first.seq - 100_000 })
    expect(back.output().equals(first.output().subarray(-100_000))).toBe(true)
    using tooLate = await attach(id, { since: 10 })
    expect(tooLate.headers[0]?.screen).toBe(true)
    await expect(attach(id, { since: first.seq + 1 })).rejects.toThrow('400')
  })

  it('tells how the program ended, to those who are there and to those who come back', async () => {
    for (const [script, exit] of [
      ['echo out; exit 7', { exitCode: 7, signal: null }],
      ['kill -KILL $$', { exitCode: null, signal: 'SIGKILL' }],
    ] as const) {
      const { id } = await sh(`read x; ${script}`)
      using one = await attach(id)
      one.type('\n')
      await one.until(() => one.exit !== undefined, 'the exit')
      expect(one.exit).toEqual(exit)
      using later = await attach(id, { since: 0 })
      await later.until(() => later.exit !== undefined, 'the exit')
      expect(later.output().equals(one.output())).toBe(true)
      expect((await list()).find((other) => other.id === id)?.exit).toEqual(exit)
    }
  })

  it('gives all output of a program that ends at once after much of it', async () => {
    const { id } = await sh('read x; seq 100000')
    using one = await attach(id, { since: 0 })
    one.type('\n')
    await one.until(() => one.exit !== undefined, 'the exit')
    const lines = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\r\n`).join('')
    expect(one.output().toString()).toBe(`\r\n${lines}`)
  })

  it('is named by its program, and then by the titles that the program sets', async () => {
    const { id, title } = await sh("read x; printf '\\033]2;a \\344\\270\\200 title\\007'; read x")
    expect(title).toBe('/bin/sh')
    using one = await attach(id)
    one.type('\n')
    await one.sees('title')
    expect((await list()).find((other) => other.id === id)?.title).toBe('a 一 title')
    using two = await attach(id)
    expect(two.headers[0]?.title).toBe('a 一 title')
  })

  it('lets nobody wait for a program that does not read what was pasted', async () => {
    const { id } = await sh('stty raw -echo; echo ready; sleep 1; head -c 3000000 | wc -c; sleep 60')
    using one = await attach(id, { since: 0 })
    await one.sees('ready')
    for (let part = 0; part < 30; part++) one.type(Buffer.alloc(100_000, 'x'))
    const other = await sh('read x; echo "got $x"')
    using two = await attach(other.id)
    two.type('it\n')
    await two.sees('got it')
    await one.sees('3000000')
  })

  it('cuts the line of whoever sends nonsense, and nothing else', async () => {
    const { id } = await sh('read x; echo "got $x"')
    using good = await attach(id)
    for (const nonsense of [
      Buffer.from([5, 255, 255, 255, 255]),
      Buffer.from([99, 0, 0, 0, 0]),
      Buffer.from([7, 0, 0, 0, 1, 1]),
      Buffer.from([6, 0, 0, 0, 2, 123, 125]),
      Buffer.from('\x06\x00\x00\x00\x1a{"cols":100000,"rows":100000}', 'latin1'),
    ]) {
      using bad = await attach(id)
      const cut = new Promise((resolve) => bad.line.once('close', resolve))
      bad.line.write(nonsense)
      await cut
    }
    good.type('it\n')
    await good.sees('got it')
  })

  it('end with their sandbox: what they showed is listed as ended, beside those that are opened later', async () => {
    const { id } = await instance.claim()
    const opened = await open({}, id)
    expect(await list(id)).toMatchObject([{ id: opened.id, stoppedAt: null }])
    await instance.call('POST', `/sandboxes/${id}/stop`)
    expect(await list(id)).toMatchObject([{ id: opened.id, stoppedAt: expect.any(String) }])
    await instance.call('POST', `/sandboxes/${id}/start`)
    const again = await open({}, id)
    expect(await list(id)).toMatchObject([
      { id: opened.id, stoppedAt: expect.any(String) },
      { id: again.id, stoppedAt: null },
    ])
    await instance.call('DELETE', `/sandboxes/${id}`)
  })

  it('are served before what tenants run, and what runs in them is not', async () => {
    const { terminals } = instance.pids
    expect(getPriority(terminals)).toBe(-10)
    const status = readFileSync(`/proc/${terminals}/status`, 'utf8')
    const effective = BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)?.[1]}`)
    const mayLowerOomScore = ((effective >> 24n) & 1n) === 1n // CAP_SYS_RESOURCE, which CI's machines lack
    expect(readFileSync(`/proc/${terminals}/oom_score_adj`, 'utf8')).toBe(mayLowerOomScore ? '-900\n' : '0\n')
    const { id } = await sh('nice; cat /proc/self/oom_score_adj; read x')
    using one = await attach(id, { since: 0 })
    await one.until(() => one.output().toString().split('\n').length > 2, 'two lines')
    expect(one.output().toString()).toBe('0\r\n500\r\n')
  })

  it('end with the process host when that is killed: the sandbox lists none, and new ones work', async () => {
    const { id } = await open()
    using lost = await attach(id)
    const cut = new Promise((resolve) => lost.line.once('close', resolve))
    await instance.restartTerminals()
    await cut
    expect(await list()).toEqual([])
    await expect(attach(id)).rejects.toThrow('404')
    const again = await sh('read x; echo "got $x"')
    using one = await attach(again.id)
    one.type('it\n')
    await one.sees('got it')
  })

  it('are bounded in number, and those that have ended do not count', async () => {
    const { id } = await instance.claim({ limits: { cpus: 1, memoryMiB: 256, diskMiB: 64, pids: 200 } })
    for (let count = 0; count < 20; count++) await open({ command: ['/bin/true'] }, id)
    await expect.poll(async () => (await list(id)).every(({ exit }) => exit !== null)).toBe(true)
    const asked = Array.from({ length: 70 }, () =>
      instance.call('POST', `/sandboxes/${id}/terminals`, { command: ['/bin/sleep', '60'] }),
    )
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(64)
    expect(statuses.filter((status) => status === 409)).toHaveLength(6)
    expect(await list(id)).toHaveLength(64 + 16)
    await instance.call('DELETE', `/sandboxes/${id}`)
  })

  it('are drawn as text for many sandboxes at once: the one that was used last, when it has changed', async () => {
    const { id: box } = await instance.claim()
    const look = async (seen: string | null = null, id = box) => {
      const body = { sandboxes: [{ id, seen }] }
      const answer = await instance.call('POST', '/terminals/thumbnails', body)
      return nodeThumbnails.parse(JSON.parse(answer.text)).thumbnails
    }
    const patient = { timeout: 20_000, interval: 100 }
    const lines = async () => (await look())[0]?.thumbnail?.lines.join('\n') ?? ''
    expect(await look()).toEqual([])
    const join = (id: string) => watch(socket, `/sandboxes/${box}/terminals/${id}/attach`)

    const first = await open({}, box)
    using one = await join(first.id)
    one.type("PS1='$ '; seq 40; printf '\\e[31mred\\e[m 漢字\\n'\n")
    await expect.poll(lines, patient).toMatch(/^40\nred 漢字\n\$ $/m)
    // Of thirty lines and more the last are shown, down to the cursor.
    expect((await lines()).split('\n').length).toBeLessThanOrEqual(thumbnailBounds.rows)
    const [shown] = await look()
    const version = shown?.thumbnail?.version ?? null
    expect(shown?.thumbnail?.terminalId).toBe(first.id)
    expect(await look(version)).toEqual([])
    one.type('echo more-"of it"\n')
    await expect.poll(async () => (await look(version)).length, patient).toBe(1)
    await expect.poll(lines, patient).toContain('more-of it')

    // A program with a screen of its own, in another size.
    one.resize(100, 30)
    one.type("clear; printf '\\e[?1049h\\e[2J\\e[5;3Hfull\\e[28;1Hlow'; read -r\n")
    await expect.poll(lines, patient).toMatch(/low$/)
    one.type('\n')
    // What floods past is not read to its end, and what is shown afterwards is right.
    one.type('seq 300000; echo after-"all"\n')
    await expect.poll(lines, { ...patient, timeout: 60_000 }).toMatch(/^300000\nafter-all\n/m)

    const second = await open({}, box)
    using other = await join(second.id)
    other.type('echo second\n')
    await expect.poll(async () => (await look())[0]?.thumbnail?.terminalId, patient).toBe(second.id)
    one.type('\n')
    await expect.poll(async () => (await look())[0]?.thumbnail?.terminalId, patient).toBe(first.id)
    for (const { id } of [first, second]) await instance.call('DELETE', `/sandboxes/${box}/terminals/${id}`)
    await expect.poll(() => look(version), patient).toEqual([{ sandboxId: box, thumbnail: null }])
    expect(await look(null, 'sb_00000000000000000000')).toEqual([])
  })

  it('that keep the one who draws them busy have no thumbnail, and the others have theirs', async () => {
    const [bad, good] = [(await instance.claim()).id, (await instance.claim()).id]
    const endless = `yes "$(printf '\\033[9999S')" | head -n 100000; cat`
    await open({ command: ['/bin/sh', '-c', endless] }, bad)
    const { id } = await open({ command: ['/bin/sh', '-c', 'echo well; cat'] }, good)
    const look = async () => {
      const body = { sandboxes: [bad, good].map((id) => ({ id, seen: null })) }
      const answer = await instance.call('POST', '/terminals/thumbnails', body)
      const { thumbnails } = nodeThumbnails.parse(JSON.parse(answer.text))
      return Object.fromEntries(thumbnails.map(({ sandboxId, thumbnail }) => [sandboxId, thumbnail?.lines]))
    }
    const patient = { timeout: 60_000, interval: 500 }
    await expect.poll(look, patient).toEqual({ [good]: ['well'] })
    using one = await watch(socket, `/sandboxes/${good}/terminals/${id}/attach`)
    one.type('on\n')
    await expect.poll(look, patient).toEqual({ [good]: ['well', 'on', 'on'] })
  })
})
