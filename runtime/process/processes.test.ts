import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type SandboxProcess, sandboxProcess } from '../../protocol/api/index.js'
import { flowHighWaterBytes, outputLogBytes } from '../../protocol/node/index.js'
import { type Instance, lonelyNamespace, refusalOf, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { readOutput, writeInput } from '../testing/process-lines.js'

const mib = 1024 ** 2

describe('a process', () => {
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

  const pathOf = (id: string, of = sandbox) => `/sandboxes/${of}/processes/${id}`
  const asked = (body: object, of = sandbox) => instance.call('POST', `/sandboxes/${of}/processes`, body)
  const start = async (command: string | string[], more: object = {}): Promise<SandboxProcess> => {
    const answer = await asked({ command, ...more })
    expect(answer).toMatchObject({ status: 201 })
    return sandboxProcess.parse(JSON.parse(answer.text))
  }
  const read = async (id: string, waitMs = 0) => {
    const answer = await instance.call('GET', `${pathOf(id)}?waitMs=${waitMs}`)
    expect(answer).toMatchObject({ status: 200 })
    return sandboxProcess.parse(JSON.parse(answer.text))
  }
  const listed = async () => {
    const { text } = await instance.call('GET', `/sandboxes/${sandbox}/processes`)
    return z.object({ processes: z.array(sandboxProcess) }).parse(JSON.parse(text)).processes
  }
  const attach = (id: string, query = '', keep = true) => readOutput(socket, pathOf(id), query, keep)
  const kill = (id: string) => instance.call('DELETE', pathOf(id))
  const memoryOf = (pid: number) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

  it('writes to two streams, ends, and is found by its id when nobody was there', async () => {
    const { id, pid, exit } = await start('echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; exit 7')
    expect(pid).toBeGreaterThan(1)
    expect(exit).toBeNull()
    expect(await read(id, 5000)).toMatchObject({ exit: { exitCode: 7, signal: null }, seq: 14, pid: null })
    using reader = await attach(id)
    expect(await reader.ended).toEqual({ exitCode: 7, signal: null })
    expect(reader.starts).toEqual([0])
    expect(reader.pieces).toEqual([
      { stream: 'stdout', text: 'one\n' },
      { stream: 'stderr', text: 'two\n' },
      { stream: 'stdout', text: 'three\n' },
    ])
    using later = await attach(id, '?since=6')
    await later.ended
    expect(later.pieces.map(({ text }) => text)).toEqual(['o\n', 'three\n'])
    expect((await listed()).map((one) => one.id)).toContain(id)
    expect(await kill(id)).toMatchObject({ status: 204 })
    expect(await instance.call('GET', pathOf(id))).toMatchObject({ status: 404 })
  })

  it('outlives a runtime that is killed, with its output', async () => {
    const { id } = await start('for i in 1 2 3; do echo $i; read x; done', { stdin: true })
    await instance.restart()
    using reader = await attach(id)
    using first = await writeInput(socket, pathOf(id))
    await first.write(Buffer.from('a\n'))
    expect(await first.end(false)).toEqual({ bytes: 2, whole: true })
    using second = await writeInput(socket, pathOf(id))
    expect(await second.end(true)).toEqual({ bytes: 0, whole: true })
    expect(await reader.ended).toEqual({ exitCode: 1, signal: null })
    expect(reader.text('stdout')).toBe('1\n2\n3\n')
  })

  it('reads the end of file at once unless input is asked for', async () => {
    const { id, stdin } = await start('cat; echo over')
    expect(stdin).toBe(false)
    using reader = await attach(id)
    await reader.ended
    expect(reader.text('stdout')).toBe('over\n')
    using writer = await writeInput(socket, pathOf(id))
    await writer.write(Buffer.from('late'))
    expect(await writer.answered).toEqual({ bytes: 0, whole: false })
  })

  it('takes input of any length as fast as it reads, and no faster', async () => {
    const pieceBytes = 4 * mib
    const piece = Buffer.alloc(pieceBytes, 'cloche ')
    const pieces = 64
    const { id } = await start('read x; sha256sum', { stdin: true })
    using reader = await attach(id)
    using writer = await writeInput(socket, pathOf(id))
    let sent = 0
    const sending = (async () => {
      for (let count = 0; count < pieces; count++, sent++) await writer.write(piece)
      return writer.end(true)
    })()
    // It waits for a line feed, reading byte by byte: nothing of 256 MiB may lie in between.
    await sleep(500)
    expect(sent).toBeLessThan(4)
    expect(memoryOf(instance.pids.terminals)).toBeLessThan(300 * mib)
    using other = await writeInput(socket, pathOf(id))
    await other.end(false).catch(() => {})
    expect((await read(id)).exit).toBeNull()
    await kill(id)
    expect(await sending).toMatchObject({ whole: false })
    await reader.ended

    const reading = await start('sha256sum', { stdin: true })
    using sum = await attach(reading.id)
    using all = await writeInput(socket, pathOf(reading.id))
    const expected = createHash('sha256')
    for (let count = 0; count < pieces; count++) {
      await all.write(piece)
      expected.update(piece)
    }
    expect(await all.end(true)).toEqual({ bytes: pieces * pieceBytes, whole: true })
    await sum.ended
    expect(sum.text('stdout')).toBe(`${expected.digest('hex')}  -\n`)
    expect(memoryOf(instance.pids.terminals)).toBeLessThan(300 * mib)
  })

  it('waits for a reader that is slow; others do not', async () => {
    const [slow, fast] = [await start('read x; yes', { stdin: true }), await start(['yes', 'fast'])]
    using stalled = await attach(slow.id, '', false)
    stalled.line.pause()
    using writer = await writeInput(socket, pathOf(slow.id))
    await writer.write(Buffer.from('go\n'))
    await writer.end(true)
    using keeping = await attach(fast.id, '', false)
    await expect.poll(() => keeping.bytes, { timeout: 20_000 }).toBeGreaterThan(20 * mib)
    const { seq } = await read(slow.id)
    await sleep(300)
    expect((await read(slow.id)).seq).toBe(seq)
    expect(seq).toBeLessThan(8 * flowHighWaterBytes)
    stalled.line.resume()
    await expect.poll(() => stalled.bytes, { timeout: 20_000 }).toBeGreaterThan(seq + mib)
    expect(stalled.starts).toHaveLength(1)
    await kill(slow.id)
    await kill(fast.id)
  })

  it('does not wait when nobody reads, and the last of its output is kept', async () => {
    const { id } = await start('yes | head -c 50000000; printf end')
    const { exit, seq, firstSeq } = await read(id, 10_000)
    expect(exit).toEqual({ exitCode: 0, signal: null })
    expect(seq).toBe(50_000_003)
    expect(seq - firstSeq).toBeGreaterThanOrEqual(outputLogBytes)
    expect(seq - firstSeq).toBeLessThan(2 * outputLogBytes)
    using reader = await attach(id, '?since=5')
    await reader.ended
    expect(reader.starts).toEqual([firstSeq])
    expect(reader.text('stdout').endsWith('y\nend')).toBe(true)
    expect(reader.bytes).toBe(seq - firstSeq)
    await expect(attach(id, `?since=${seq + 1}`)).rejects.toThrow('400')
  })

  it('that floods while nobody reads is drained at a bounded rate, together with others of its sandbox', async () => {
    const began = performance.now()
    const floods = await Promise.all(Array.from({ length: 12 }, () => start(['yes'])))
    await sleep(2000)
    const seqs = await Promise.all(floods.map(async ({ id }) => (await read(id)).seq))
    const seconds = (performance.now() - began) / 1000
    expect(Math.min(...seqs)).toBeGreaterThan(0)
    // 32 MiB a second, and what is in the pipes.
    expect(seqs.reduce((sum, seq) => sum + seq, 0)).toBeLessThan((32 * seconds + 32) * mib)
    expect(memoryOf(instance.pids.terminals)).toBeLessThan(300 * mib)
    // With a reader it goes at the reader's pace.
    using reader = await attach(floods[0]?.id ?? '', '', false)
    const { bytes } = reader
    await expect.poll(() => reader.bytes - bytes, { timeout: 20_000 }).toBeGreaterThan(64 * mib)
    for (const { id } of floods) await kill(id)
  })

  it('that changes between its streams all the time keeps less, and in order', async () => {
    const loop = 'i=0; while [ $i -lt 12000 ]; do echo $i; echo $i >&2; i=$((i+1)); done'
    const { id } = await start(loop)
    const { seq, firstSeq } = await read(id, 10_000)
    using reader = await attach(id)
    await reader.ended
    expect(reader.starts).toEqual([firstSeq])
    expect(reader.bytes).toBe(seq - firstSeq)
    expect(reader.text('stdout').endsWith('11998\n11999\n')).toBe(true)
    expect(reader.text('stderr').endsWith('11998\n11999\n')).toBe(true)
  })

  it('is sent signals together with what it has started', async () => {
    const { id } = await start('trap "echo got; exit 3" TERM; sleep 100 & echo ready; wait')
    using reader = await attach(id)
    await expect.poll(() => reader.text('stdout')).toBe('ready\n')
    const signal = (name: string) => instance.call('POST', `${pathOf(id)}/signal`, { signal: name })
    expect(refusalOf(await signal('SIGRTMIN')).code).toBe('invalid_request')
    expect(await signal('SIGTERM')).toMatchObject({ status: 204 })
    expect(await reader.ended).toEqual({ exitCode: 3, signal: null })
    expect(reader.text('stdout')).toBe('ready\ngot\n')
    expect((await instance.exec(sandbox, 'pgrep -x sleep')).stdout).toBe('')
    // One that has ended is no error.
    expect(await signal('SIGTERM')).toMatchObject({ status: 204 })
    expect(refusalOf(await instance.call('POST', `${pathOf(id)}/resize`, { cols: 80, rows: 24 }))).toEqual({
      code: 'invalid_request',
      message: expect.stringContaining('has no terminal'),
    })
  })

  it('is killed with all that it has started, and at its time limit', async () => {
    const tree = await start('sleep 101 & sleep 101')
    expect(await kill(tree.id)).toMatchObject({ status: 204 })
    await expect.poll(async () => (await instance.exec(sandbox, 'pgrep -x sleep')).stdout).toBe('')
    const late = await start('echo begun; sleep 102', { timeoutMs: 300 })
    expect(await read(late.id, 5000)).toMatchObject({
      exit: { exitCode: null, signal: 'SIGKILL' },
      timedOut: true,
    })
  })

  it('ends though a child holds its output, which may go on writing', async () => {
    const { id } = await start('(sleep 0.5; echo late; touch /tmp/wrote) & echo early')
    using reader = await attach(id)
    expect(await reader.ended).toEqual({ exitCode: 0, signal: null })
    expect(reader.text('stdout')).toBe('early\n')
    await expect.poll(async () => (await instance.exec(sandbox, 'ls /tmp/wrote')).exit?.exitCode).toBe(0)
  })

  it('with a terminal is a terminal', async () => {
    const { id, tty } = await start('stty size; read x; stty size; tty', { tty: { cols: 90, rows: 20 } })
    expect(tty).toEqual({ cols: 90, rows: 20 })
    const terminals = await instance.call('GET', `/sandboxes/${sandbox}/terminals`)
    expect(terminals.text).toContain(id)
    await expect.poll(async () => (await read(id)).seq).toBe('20 90\r\n'.length)
    expect(await instance.call('POST', `${pathOf(id)}/resize`, { cols: 100, rows: 30 })).toMatchObject({
      status: 204,
    })
    using writer = await writeInput(socket, pathOf(id))
    await writer.write(Buffer.from('go\n'))
    expect(await writer.end(false)).toEqual({ bytes: 3, whole: true })
    expect(await read(id, 5000)).toMatchObject({ exit: { exitCode: 0 }, tty: { cols: 100, rows: 30 } })
    using reader = await attach(id, '?since=0')
    await reader.ended
    expect(reader.text('stdout')).toMatch(/^20 90\r\ngo\r\n30 100\r\n\/dev\/pts\/\d+\r\n$/)
  })

  it('is refused with words, and takes part in the bound of a sandbox', async () => {
    expect(refusalOf(await asked({ command: ['/no/such'] })).message).toContain('no program "/no/such"')
    expect(refusalOf(await asked({ command: 'true', cwd: '/none' })).message).toContain('/none')
    expect(refusalOf(await asked({ command: 'true', tty: { cols: 1, rows: 1 } })).code).toBe(
      'invalid_request',
    )
    const own = await instance.claim({ limits: { cpus: 1, memoryMiB: 256, diskMiB: 64, pids: 200 } })
    const all = await Promise.all(
      Array.from({ length: 70 }, (_, at) =>
        asked({ command: ['sleep', '60'], ...(at % 2 ? { tty: { cols: 80, rows: 24 } } : {}) }, own.id),
      ),
    )
    expect(all.filter(({ status }) => status === 201)).toHaveLength(64)
    expect(all.filter(({ status }) => status === 409)).toHaveLength(6)
    await instance.call('POST', `/sandboxes/${own.id}/stop`, { graceSeconds: 0 })
    expect(JSON.parse((await instance.call('GET', `/sandboxes/${own.id}/processes`)).text)).toEqual({
      processes: [],
    })
    await instance.call('DELETE', `/sandboxes/${own.id}`)
  })

  it('of another sandbox is not there', async () => {
    const { id } = await start(['sleep', '60'])
    const other = await instance.claim()
    for (const [method, action] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/signal'],
    ] as const) {
      const body = action === '/signal' ? { signal: 'SIGKILL' } : undefined
      const answer = await instance.call(method, `${pathOf(id, other.id)}${action}`, body)
      expect(answer).toMatchObject({ status: 404 })
    }
    await expect(readOutput(socket, pathOf(id, other.id))).rejects.toThrow('404')
    await expect(writeInput(socket, pathOf(id, other.id))).rejects.toThrow('404')
    expect((await read(id)).exit).toBeNull()
    await kill(id)
  })
})

describe('a process in a hardened sandbox', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  let sandbox: string
  const socket = `/run/cloche/${testInstance}/runtime.sock`

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { isolation: 'hardened' })
    sandbox = (await instance.claim({ isolation: 'hardened' })).id
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const start = async (body: object) => {
    const answer = await instance.call('POST', `/sandboxes/${sandbox}/processes`, body)
    expect(answer).toMatchObject({ status: 201 })
    return `/sandboxes/${sandbox}/processes/${sandboxProcess.parse(JSON.parse(answer.text)).id}`
  }

  it('has input, output, signals and an end, and is killed with what it started', async () => {
    const path = await start({ command: 'cat; echo over >&2; exit 4', stdin: true })
    using reader = await readOutput(socket, path)
    using writer = await writeInput(socket, path)
    await writer.write(Buffer.from('through the pipe\n'))
    expect(await writer.end(true)).toEqual({ bytes: 17, whole: true })
    expect(await reader.ended).toEqual({ exitCode: 4, signal: null })
    expect([reader.text('stdout'), reader.text('stderr')]).toEqual(['through the pipe\n', 'over\n'])

    const trapped = await start({ command: 'trap "echo got; exit 3" TERM; sleep 100 & echo ready; wait' })
    using other = await readOutput(socket, trapped)
    await expect.poll(() => other.text('stdout'), { timeout: 10_000 }).toBe('ready\n')
    await instance.call('POST', `${trapped}/signal`, { signal: 'SIGTERM' })
    expect(await other.ended).toEqual({ exitCode: 3, signal: null })

    const tree = await start({ command: 'sleep 101 & sleep 101' })
    expect(await instance.call('DELETE', tree)).toMatchObject({ status: 204 })
    await expect
      .poll(async () => (await instance.exec(sandbox, 'pgrep -x sleep')).stdout, { timeout: 10_000 })
      .toBe('')
  })
})
