import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { terminal } from '../../protocol/api/index.js'
import { type Instance, lonelyNamespace, startInstance } from '../testing/instance.js'
import { testInstance } from '../testing/kernel.js'
import { type Watcher, watch } from '../testing/watcher.js'

describe('the shell of a pooled sandbox', () => {
  let namespace: AsyncDisposable
  let instance: Instance
  const socket = `/run/cloche/${testInstance}/runtime.sock`

  beforeAll(async () => {
    namespace = await lonelyNamespace()
    instance = await startInstance(testInstance, { poolSize: 1 })
  })
  afterAll(async () => {
    await instance[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
  })

  const claim = async (over: object = {}) => {
    await instance.poolFull()
    const sandbox = await instance.claim({ hostname: 'mine', ...over })
    expect(sandbox.warm).toBe(true)
    return sandbox.id
  }
  const open = async (id: string, body: object = {}) => {
    const answer = await instance.call('POST', `/sandboxes/${id}/terminals`, body)
    const opened = terminal.parse(JSON.parse(answer.text))
    return watch(socket, `/sandboxes/${id}/terminals/${opened.id}/attach?since=0`)
  }
  /** Pids inside of what waits to become a shell. */
  const waiting = async (id: string) =>
    (await instance.exec(id, "pgrep -f '^/bin/sh -c read -r g[o]'")).stdout
  /** What a command prints in a terminal's shell, between two marks that its echo does not have. */
  const ask = async (shell: Watcher, command: string) => {
    const since = shell.output().length
    shell.type(`echo be''gin; ${command}; echo en''d\n`)
    await shell.sees('end\r\n', since)
    return /begin\r\n(.*)end\r\n/s.exec(shell.output().subarray(since).toString())?.[1]?.trim()
  }

  it('becomes the first terminal, in the size it is asked for, and the next one is another', async () => {
    const id = await claim()
    const pid = (await waiting(id)).trim()
    expect(pid).toMatch(/^\d+$/)
    using first = await open(id, { cols: 101, rows: 33 })
    expect(await ask(first, 'echo $$; tty; stty size')).toBe(`${pid}\r\n/dev/pts/0\r\n33 101`)
    expect(await waiting(id)).toBe('')
    using second = await open(id)
    expect(await ask(second, 'tty')).toBe('/dev/pts/1')
    // What depends on the memory that it was claimed with is the same in both.
    for (const shell of [first, second]) {
      expect(await ask(shell, 'echo $NODE_OPTIONS $go.')).toBe('--max-old-space-size=64 .')
    }
  })

  it('shows nothing of the pool', async () => {
    const id = await claim()
    using shell = await open(id)
    await shell.sees('user@mine')
    expect(await ask(shell, 'echo $HOSTNAME; hostname; wc -l < ~/.bash_history')).toMatch(
      /^mine\r\nmine\r\n.*No such file/,
    )
    expect(await ask(shell, 'cat /proc/self/cgroup')).toContain(id)
    expect(await ask(shell, 'PS1="\\h> "; history | wc -l')).toBe('3')
    await shell.sees('mine> ')
    using other = await open(id)
    const environment =
      'env | grep -v ^_= | sort; ls -l /proc/$$/fd | sed "s/.* [0-9]*:[0-9]* //;s/pts.*/pts/"; ulimit -a; pwd; umask'
    expect(await ask(shell, environment)).toBe(await ask(other, environment))
  })

  it('is left alone by a terminal that asks for something else', async () => {
    const id = await claim()
    for (const body of [{ cwd: '/tmp' }, { env: { A: 'b' } }, { command: ['/bin/bash'] }]) {
      using shell = await open(id, body)
      await ask(shell, 'true')
    }
    expect(await waiting(id)).toMatch(/^\d+\n$/)
    const withEnvironment = await claim({ env: { A: 'b' } })
    using shell = await open(withEnvironment)
    expect(await ask(shell, 'echo $A')).toBe('b')
  })

  it('tells how it ended as any other', async () => {
    const id = await claim()
    using shell = await open(id)
    shell.type('exit 9\n')
    await shell.until(() => shell.exit !== undefined, 'the exit')
    expect(shell.exit).toEqual({ exitCode: 9, signal: null })
  })

  it('outlives a runtime that is killed; without it, and after the process host was killed, another will do', async () => {
    await instance.poolFull()
    await instance.restart()
    const id = await claim()
    const pid = (await waiting(id)).trim()
    using shell = await open(id)
    expect(await ask(shell, 'echo $$')).toBe(pid)

    await instance.poolFull()
    await instance.restartTerminals()
    const without = await claim()
    expect(await waiting(without)).toBe('')
    using another = await open(without)
    expect(await ask(another, 'hostname')).toBe('mine')
  })
})
