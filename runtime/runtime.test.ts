import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, node, terminal } from '../protocol/api/index.js'
import {
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  frameType,
  runtimeSandbox,
} from '../protocol/node/index.js'
import { detectHierarchy } from './cgroup/hierarchy.js'
import { run } from './linux/spawn.js'
import { record } from './sandbox/record.js'
import { removeWithMounts } from './testing/instance.js'
import { type Laboratory, openLaboratory, testInstance } from './testing/kernel.js'

const limits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }
const quota = { cpus: 2, memoryMiB: 512, diskMiB: 512, pids: 256, sandboxes: 8 }
const instance = testInstance
const runDirectory = `/run/cloche/${instance}`
const namespace = testInstance

describe('the runtime', () => {
  let lab: Laboratory
  let daemon: ChildProcess
  let host: ChildProcess
  const tenantId = newId('tn')
  const claim = {
    tenantId,
    template: 'base',
    limits,
    quota,
    network: 'internet',
    isolation: 'standard',
    env: {},
    hostname: 'box',
  }

  const call = (method: string, path: string, body?: unknown) =>
    new Promise<{ status: number; bytes: Buffer }>((resolve, reject) => {
      const outgoing = request(
        { socketPath: join(runDirectory, 'runtime.sock'), method, path, agent: false },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk) => chunks.push(chunk))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks) }))
        },
      )
      outgoing.once('error', reject)
      const plain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      outgoing.end(plain ? body : JSON.stringify(body))
    })
  const describeNode = async () => node.parse(JSON.parse((await call('GET', '/node')).bytes.toString()))
  const sandbox = (answer: { bytes: Buffer }) => runtimeSandbox.parse(JSON.parse(answer.bytes.toString()))
  const exec = async (id: string, command: string | string[], more = {}) => {
    const answer = await call('POST', `/sandboxes/${id}/exec`, { command, ...more })
    const frames = answer.status === 200 ? new FrameDecoder().push(answer.bytes) : []
    const text = (type: number) =>
      Buffer.concat(frames.filter((one) => one.type === type).map((one) => one.payload))
    const exit = JSON.parse(text(frameType.exit).toString() || 'null')
    return {
      status: answer.status,
      stdout: text(frameType.stdout).toString(),
      stderr: text(frameType.stderr).toString(),
      exit,
    }
  }
  const attach = (path: string) =>
    new Promise<{ line: Duplex; sees(what: RegExp): Promise<void> }>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'cloche-process' }
      const outgoing = request({
        socketPath: join(runDirectory, 'runtime.sock'),
        path,
        headers,
        agent: false,
      })
      outgoing.once('error', reject).once('response', (answer) => reject(new Error(`${answer.statusCode}`)))
      outgoing.once('upgrade', (_, line, head) => {
        const decoder = new FrameDecoder()
        let text = ''
        const take = (chunk: Buffer) => {
          for (const frame of decoder.push(chunk)) text += frame.payload.toString()
        }
        take(head)
        line.on('data', take).on('error', () => line.destroy())
        const sees = async (what: RegExp) => {
          for (let tries = 0; !what.test(text); tries++) {
            if (tries > 400) throw new Error(`no ${what} in ${text}`)
            await sleep(25)
          }
        }
        resolve({ line, sees })
      })
      outgoing.end()
    })
  const initOf = (id: string): number => {
    for (const name of readdirSync(join(lab.home, 'boxes'))) {
      const sandbox = record.parse(
        JSON.parse(readFileSync(join(lab.home, 'boxes', name, 'record.json'), 'utf8')),
      )
      if (sandbox.sandboxId === id && sandbox.init !== null) return sandbox.init.pid
    }
    throw new Error(`${id} has no process`)
  }
  const start = async () => {
    const env = {
      ...process.env,
      CLOCHE_INSTANCE: instance,
      CLOCHE_HOME: lab.home,
      ...{ CLOCHE_POOL_SIZE: '2', CLOCHE_POOL_RUNS: '0' },
      CLOCHE_POOL_SANDBOXES: '2',
      LOG_LEVEL: 'warn',
    }
    daemon = spawn(
      'nsenter',
      [`--net=/run/netns/${namespace}`, process.execPath, 'node_modules/.cache/cloche-runtime-test.mjs'],
      {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    for (let tries = 0; tries < 400; tries++) {
      if (
        await call('GET', '/healthz').then(
          (answer) => answer.status === 200,
          () => false,
        )
      )
        return
      await sleep(25)
    }
    throw new Error('the runtime does not answer')
  }
  const poolReady = async () => {
    for (let tries = 0; tries < 400; tries++) {
      if ((await describeNode()).pools[0]?.ready === 2) return
      await sleep(25)
    }
    throw new Error('the pool does not fill')
  }

  beforeAll(async () => {
    await run('ip', ['netns', 'del', namespace]).catch(() => {})
    // An uplink of its own: nothing that happens here leaves this namespace.
    await run('ip', ['netns', 'add', namespace])
    await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    await removeWithMounts(runDirectory)
    lab = await openLaboratory()
    const template = {
      name: 'base',
      description: 'test',
      layers: ['baselayer'],
      defaults: limits,
      isolation: ['standard'],
    }
    await run('mv', [lab.layer, join(lab.disk, 'layers', 'baselayer')])
    await writeFile(
      join(lab.disk, 'templates', 'base.json'),
      JSON.stringify({ ...template, builtAt: new Date().toISOString() }),
    )
    await mkdir('node_modules/.cache', { recursive: true })
    await build({
      ...{ entryPoints: ['runtime/host/host.ts'], bundle: true, packages: 'external', platform: 'node' },
      ...{ format: 'esm', target: 'node20', outfile: 'node_modules/.cache/cloche-host-test.mjs' },
    })
    await build({
      ...{
        entryPoints: ['runtime/index.ts'],
        bundle: true,
        packages: 'external',
        platform: 'node',
        format: 'esm',
        target: 'node20',
      },
      outfile: 'node_modules/.cache/cloche-runtime-test.mjs',
    })
    host = spawn(process.execPath, ['node_modules/.cache/cloche-host-test.mjs'], {
      env: { ...process.env, CLOCHE_INSTANCE: instance, CLOCHE_HOME: lab.home, LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    await start()
  })

  afterAll(async () => {
    await call('POST', '/shutdown').catch(() => {})
    daemon.kill('SIGKILL')
    host.kill('SIGKILL')
    await run('ip', ['netns', 'del', namespace])
    await lab[Symbol.asyncDispose]()
    await removeWithMounts(runDirectory)
  })

  it('fills its pool, and hands a warm sandbox to a tenant with its limits and name', async () => {
    await poolReady()
    const id = newId('sb')
    const answer = await call('PUT', `/sandboxes/${id}`, { ...claim, limits: { ...limits, memoryMiB: 160 } })
    expect(answer.status).toBe(201)
    expect(sandbox(answer)).toMatchObject({ id, tenantId, state: 'running', warm: true })
    expect(await exec(id, 'hostname; id -un; echo $((6*7))')).toMatchObject({
      stdout: 'box\nuser\n42\n',
      exit: { exitCode: 0, signal: null },
    })
    expect((await exec(id, 'cat /proc/self/cgroup')).stdout).toContain(id)
    expect((await call('PUT', `/sandboxes/${id}`, claim)).status).toBe(200)
    expect((await call('PUT', `/sandboxes/${id}`, { ...claim, tenantId: newId('tn') })).status).toBe(409)
    expect((await call('DELETE', `/sandboxes/${id}`)).status).toBe(204)
    expect((await call('GET', `/sandboxes/${id}`)).status).toBe(404)
  })

  it('tells the truth about how a command ended', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    expect((await exec(id, 'exit 130')).exit).toMatchObject({ exitCode: 130, signal: null })
    expect((await exec(id, 'kill -TERM $$')).exit).toMatchObject({ exitCode: null, signal: 'SIGTERM' })
    expect(await exec(id, 'echo a > /dev/stdout; echo b >&2')).toMatchObject({ stdout: 'a\n', stderr: 'b\n' })
    expect(await exec(id, ['cat'], { stdin: 'given' })).toMatchObject({ stdout: 'given' })
    expect((await exec(id, 'sleep 60', { timeoutMs: 100 })).exit).toMatchObject({
      signal: 'SIGKILL',
      timedOut: true,
    })
    expect((await exec(id, ['/no/such/program'])).status).toBe(400)
    expect((await exec(id, 'sleep 60 & echo left')).stdout).toBe('left\n')
    await call('DELETE', `/sandboxes/${id}`)
  })

  it('pauses, resumes, stops and starts, and the disk stays', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    await exec(id, 'echo kept > file')
    expect(sandbox(await call('POST', `/sandboxes/${id}/pause`)).state).toBe('paused')
    expect((await exec(id, 'true')).status).toBe(409)
    expect(sandbox(await call('POST', `/sandboxes/${id}/resume`)).state).toBe('running')
    expect(sandbox(await call('POST', `/sandboxes/${id}/stop`)).state).toBe('stopped')
    expect(sandbox(await call('POST', `/sandboxes/${id}/start`)).state).toBe('running')
    expect((await exec(id, 'cat file')).stdout).toBe('kept\n')
    await call('DELETE', `/sandboxes/${id}`)
  })

  it('hands files in and out, also of a paused sandbox, and no longer when it is stopped', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    const at = `/sandboxes/${id}/files`
    expect((await call('PUT', `${at}?path=a/b.txt&mode=600`, 'one')).status).toBe(201)
    expect((await call('PUT', `${at}?path=a/b.txt`, 'two')).status).toBe(200)
    expect((await exec(id, 'cat a/b.txt; stat -c %U:%a a/b.txt')).stdout).toBe('twouser:600\n')
    await call('POST', `/sandboxes/${id}/pause`)
    expect(await call('GET', `${at}?path=/home/user/a/b.txt`)).toEqual({
      status: 200,
      bytes: Buffer.from('two'),
    })
    expect((await call('POST', `${at}/move`, { from: 'a/b.txt', to: 'c/d' })).status).toBe(200)
    expect((await call('GET', `/sandboxes/${id}/tree?path=c`)).bytes.toString()).toContain('"path":"c/d"')
    const archive = await call('GET', `/sandboxes/${id}/archive?path=c`)
    expect((await call('PUT', `/sandboxes/${id}/archive?path=e`, archive.bytes)).status).toBe(204)
    expect((await call('GET', `${at}?path=e/d`)).bytes.toString()).toBe('two')
    expect((await call('DELETE', `${at}?path=e&recursive=true`)).status).toBe(204)
    expect((await call('GET', `${at}/stat?path=e`)).status).toBe(404)
    expect((await call('GET', at)).status).toBe(400)
    await call('POST', `/sandboxes/${id}/resume`)
    await call('POST', `/sandboxes/${id}/stop`)
    expect((await call('GET', `${at}?path=c/d`)).status).toBe(200)
    await call('DELETE', `/sandboxes/${id}`)
  })

  it('keeps two sandboxes apart, and both from the host', async () => {
    const [one, two] = [newId('sb'), newId('sb')]
    await Promise.all([one, two].map((id) => call('PUT', `/sandboxes/${id}`, claim)))
    const address = (await exec(two, 'hostname -I')).stdout.trim()
    expect(address).toMatch(/^10\./)
    expect((await exec(one, `ping -c 1 -W 1 ${address}`)).exit.exitCode).not.toBe(0)
    expect((await exec(one, 'ping -c 1 -W 1 169.254.1.1')).exit.exitCode).not.toBe(0)
    expect((await exec(one, 'ping -c 1 -W 1 127.0.0.1')).exit.exitCode).toBe(0)
    await Promise.all([one, two].map((id) => call('DELETE', `/sandboxes/${id}`)))
  })

  it('can be killed: sandboxes do not notice, and the next runtime takes them up', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    await exec(id, 'echo $$ > /run/user.pid 2>/dev/null; (sleep 300 & echo $! > /tmp/pid)')
    const killed = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill('SIGKILL')
    await killed
    await start()
    expect((await exec(id, 'kill -0 $(cat /tmp/pid) && echo alive')).stdout).toBe('alive\n')
    await call('DELETE', `/sandboxes/${id}`)
  })

  it('keeps a terminal while the runtime is killed, and replays exactly what was missed', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    const opened = terminal.parse(
      JSON.parse((await call('POST', `/sandboxes/${id}/terminals`, {})).bytes.toString()),
    )
    const path = `/sandboxes/${id}/terminals/${opened.id}/attach`
    const first = await attach(`${path}?since=0`)
    first.line.write(encodeFrame(frameType.stdin, Buffer.from('tty; echo $((6*7))\n')))
    await first.sees(/\/dev\/pts\/0\r\n42\r\n/)
    first.line.destroy()
    const killed = new Promise((resolve) => daemon.once('exit', resolve))
    daemon.kill('SIGKILL')
    await killed
    await start()
    const second = await attach(`${path}?since=0`)
    await second.sees(/\/dev\/pts\/0\r\n42\r\n/)
    second.line.write(encodeJsonFrame(frameType.resize, { cols: 97, rows: 31 }))
    second.line.write(encodeFrame(frameType.stdin, Buffer.from('stty size; exit 7\n')))
    await second.sees(/31 97/)
    await second.sees(/"exitCode":7/)
    await call('DELETE', `/sandboxes/${id}`)
  })

  it('notices when a sandbox dies by itself', async () => {
    const id = newId('sb')
    await call('PUT', `/sandboxes/${id}`, claim)
    process.kill(initOf(id), 'SIGKILL')
    for (
      let tries = 0;
      tries < 200 && sandbox(await call('GET', `/sandboxes/${id}`)).state !== 'stopped';
      tries++
    )
      await sleep(20)
    expect(sandbox(await call('GET', `/sandboxes/${id}`))).toMatchObject({
      state: 'stopped',
      failure: 'its first process ended',
    })
    await call('DELETE', `/sandboxes/${id}`)
  })

  it.each([
    ['PUT', '/sandboxes/nonsense', claim, 400],
    ['PUT', `/sandboxes/${newId('sb')}`, { ...claim, template: 'nope' }, 422],
    ['PUT', `/sandboxes/${newId('sb')}`, { ...claim, limits: { ...limits, memoryMiB: -1 } }, 400],
    ['PUT', `/sandboxes/${newId('sb')}`, { ...claim, isolation: 'hardened' }, 422],
    ['PUT', `/sandboxes/${newId('sb')}`, { ...claim, tenantId: '../../etc' }, 400],
    ['PUT', `/sandboxes/${newId('sb')}`, '{', 400],
    ['GET', '/nowhere', undefined, 404],
    ['POST', `/sandboxes/${newId('sb')}/pause`, undefined, 404],
  ])('refuses %s %s', async (method, path, body, status) => {
    expect((await call(method, path, body)).status).toBe(status)
  })

  it('leaves nothing behind', async () => {
    await call('POST', '/shutdown')
    expect(readdirSync(join(lab.disk, 'sandboxes'))).toEqual([])
    expect(readdirSync(join(lab.home, 'boxes'))).toEqual([])
    expect(await run('ip', ['-n', namespace, '-o', 'link'])).not.toMatch(/cl\dv/)
    for (const mount of detectHierarchy().mounts) expect(existsSync(join(mount, instance))).toBe(false)
    expect(await run('cat', ['/proc/self/mountinfo'])).not.toContain(`${runDirectory}/`)
  })
})
