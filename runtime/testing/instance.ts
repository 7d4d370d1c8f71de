import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import {
  ackEveryBytes,
  type ExecExit,
  execExit,
  type Isolation,
  newId,
  node,
  terminal,
} from '../../protocol/api/index.js'
import {
  attached,
  encodeAck,
  encodeFrame,
  FrameDecoder,
  frameType,
  type RuntimeSandbox,
  runtimeError,
  runtimeSandbox,
} from '../../protocol/node/index.js'
import { run } from '../linux/spawn.js'
import { record, type SandboxRecord } from '../sandbox/record.js'
import { inGuest, openLaboratory, testInstance } from './kernel.js'

/** What a sandbox of a test is held to when the test says nothing else. */
export const testLimits = { cpus: 1, memoryMiB: 128, diskMiB: 64, pids: 64 }
export const testQuota = { cpus: 2, memoryMiB: 512, diskMiB: 512, pids: 256, sandboxes: 8 }

/** What came back from one call. */
export interface Answered {
  readonly status: number
  readonly text: string
}

/** What a command inside printed, and how it ended. */
export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  readonly exit: ExecExit | null
}

/** A terminal with somebody in front of it. */
export interface Typist extends Disposable {
  type(text: string): void
  /** Resolves with the time in milliseconds until `text` has come from the terminal since the last call. */
  sees(text: string, withinMs?: number): Promise<number>
}

/** A runtime and a process host of a test, with a disk, and a network namespace as their only uplink. */
export interface Instance extends AsyncDisposable {
  readonly home: string
  readonly disk: string
  readonly namespace: string
  /** @param body bytes as they are, anything else as JSON */
  call(method: string, path: string, body?: unknown): Promise<Answered>
  /** The bytes that a GET answers with, whatever its status. */
  bytes(path: string): Promise<Buffer>
  /** Claims a sandbox, for a tenant of its own if `over` names none. @throws when it is refused */
  claim(over?: object): Promise<RuntimeSandbox>
  exec(id: string, command: string | string[], more?: object): Promise<Ran>
  openTerminal(id: string, wanted?: object): Promise<Typist>
  recordOf(id: string): SandboxRecord
  poolFull(): Promise<void>
  /**
   * Ends the runtime with SIGKILL and starts another, with this added to its environment.
   * @param meanwhile happens while none runs
   */
  restart(more?: { readonly [name: string]: string }, meanwhile?: () => void | Promise<void>): Promise<void>
  /** Starts the runtime again after it has ended by itself, as a supervisor does. @returns its exit status */
  relaunch(): Promise<number | null>
  /** The same with the process host. */
  restartTerminals(): Promise<void>
  /** Everything that it prints is here. */
  readonly pids: { readonly runtime: number; readonly terminals: number }
}

/** A claim's body, which a test may change in any part. */
export const claimOf = (over: object = {}) => ({
  ...{ tenantId: newId('tn'), template: 'base', limits: testLimits, quota: testQuota, network: 'internet' },
  ...{ isolation: 'standard', env: {}, hostname: 'box' },
  ...over,
})

/**
 * Starts an instance for a test.
 * @param namespace a network namespace that the caller has made: the instance's only uplink
 */
export async function startInstance(
  namespace: string,
  options: {
    poolSize?: number
    /** Sandboxes ready for runs. */
    poolRuns?: number
    diskGib?: number
    /** Puts its home on a file system of its own of this size. */
    hostMib?: number
    env?: { readonly [name: string]: string }
    isolation?: Isolation
  } = {},
): Promise<Instance> {
  const { poolSize = 0, poolRuns = 0 } = options
  const directory = `/run/cloche/${testInstance}`
  await removeWithMounts(directory)
  const lab = await openLaboratory(options.diskGib, options.hostMib)
  await rename(lab.layer, join(lab.disk, 'layers', 'baselayer'))
  const template = { name: 'base', description: 'test', layers: ['baselayer'], defaults: testLimits }
  await writeFile(
    join(lab.disk, 'templates', 'base.json'),
    JSON.stringify({
      ...template,
      isolation: [options.isolation ?? 'standard'],
      builtAt: new Date().toISOString(),
    }),
  )
  if (!inGuest) await buildPrograms()
  const env = {
    ...process.env,
    ...{ CLOCHE_INSTANCE: testInstance, CLOCHE_HOME: lab.home, CLOCHE_POOL_SIZE: String(poolSize) },
    // No more than that either, whatever the forecast says: a test knows what there is.
    ...{ CLOCHE_POOL_RUNS: String(poolRuns), CLOCHE_POOL_SANDBOXES: String(poolSize + poolRuns) },
    ...{ LOG_LEVEL: 'warn', ...options.env },
  }
  const launch = (name: string, more = {}) =>
    spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, join(programs, `${name}.mjs`)], {
      ...{ env: { ...env, ...more }, stdio: ['ignore', 'inherit', 'inherit'] },
    })
  const at = (name: string) => join(directory, `${name}.sock`)
  const answers = async (name: string, child: ChildProcess) => {
    // A minute and a half: in the guest of version 2, on a busy machine, a start takes most of it.
    for (let tries = 0; tries < 3600; tries++) {
      const up = await ask(at(name), 'GET', '/healthz').catch(() => undefined)
      if (up?.status === 200) return
      const how = child.exitCode ?? child.signalCode
      if (how !== null) throw new Error(`${name} ended with ${how}`)
      await sleep(25)
    }
    throw new Error(`${name} does not answer`)
  }
  let terminals = launch('terminals')
  let runtime = launch('runtime')
  const call: Instance['call'] = async (method, path, body) => {
    const { status, bytes } = await ask(at('runtime'), method, path, body)
    return { status, text: bytes.toString() }
  }
  await answers('terminals', terminals)
  await answers('runtime', runtime)

  return {
    ...{ home: lab.home, disk: lab.disk, namespace, call },
    get pids() {
      return { runtime: runtime.pid ?? 0, terminals: terminals.pid ?? 0 }
    },
    async claim(over) {
      const answer = await call('PUT', `/sandboxes/${newId('sb')}`, claimOf(over))
      if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`)
      return runtimeSandbox.parse(JSON.parse(answer.text))
    },
    bytes: async (path) => (await ask(at('runtime'), 'GET', path)).bytes,
    async exec(id, command, more = {}) {
      const { status, bytes } = await ask(at('runtime'), 'POST', `/sandboxes/${id}/exec`, {
        command,
        ...more,
      })
      return ranOf(status, bytes)
    },
    async openTerminal(id, wanted = {}) {
      const opened = await call('POST', `/sandboxes/${id}/terminals`, wanted)
      const { id: terminalId } = terminal.parse(JSON.parse(opened.text))
      return sit(at('runtime'), `/sandboxes/${id}/terminals/${terminalId}/attach?since=0`)
    },
    recordOf(id) {
      for (const name of readdirSync(join(lab.home, 'boxes'))) {
        const file = join(lab.home, 'boxes', name, 'record.json')
        const found = record.parse(JSON.parse(readFileSync(file, 'utf8')))
        if (found.sandboxId === id) return found
      }
      throw new Error(`${id} has no record`)
    },
    async poolFull() {
      for (let tries = 0; tries < 800; tries++) {
        const { pools } = node.parse(JSON.parse((await call('GET', '/node')).text))
        if (pools.reduce((sum, { ready }) => sum + ready, 0) === poolSize + poolRuns) return
        await sleep(25)
      }
      throw new Error('the pool does not fill')
    },
    async restart(more = {}, meanwhile = () => {}) {
      await end(runtime)
      await meanwhile()
      runtime = launch('runtime', more)
      await answers('runtime', runtime)
    },
    async relaunch() {
      for (let tries = 0; runtime.exitCode === null && runtime.signalCode === null; tries++) {
        if (tries > 2400) throw new Error('the runtime does not end')
        await sleep(25)
      }
      const status = runtime.exitCode
      runtime = launch('runtime')
      await answers('runtime', runtime)
      return status
    },
    async restartTerminals() {
      await end(terminals)
      terminals = launch('terminals')
      await answers('terminals', terminals)
    },
    async [Symbol.asyncDispose]() {
      // A test that ends in the middle leaves a runtime that may not answer any more.
      await call('POST', '/shutdown').catch(() => {})
      await end(runtime)
      await end(terminals)
      await lab[Symbol.asyncDispose]()
      await removeWithMounts(directory)
    },
  }
}

const programs = `node_modules/.cache/cloche-instance/${testInstance}`

/** Bundles what an instance runs. */
export async function buildPrograms(): Promise<void> {
  await build({
    entryPoints: { runtime: 'runtime/index.ts', terminals: 'runtime/host/host.ts' },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20' },
    ...{ outdir: programs, outExtension: { '.js': '.mjs' } },
  })
}

/** Makes a network namespace that leads nowhere; `await using` removes it. */
export async function lonelyNamespace(name = testInstance): Promise<AsyncDisposable> {
  // Left by an earlier, interrupted run.
  await run('ip', ['netns', 'delete', name]).catch(() => {})
  await run('ip', ['netns', 'add', name])
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  return {
    [Symbol.asyncDispose]: async () => {
      await run('ip', ['netns', 'delete', name])
    },
  }
}

/** The stable code of a refusal. */
export function refusalOf(answer: Answered): { code: string; message: string } {
  return runtimeError.parse(JSON.parse(answer.text))
}

function ranOf(status: number, bytes: Buffer): Ran {
  if (status !== 200) return { status, stdout: '', stderr: bytes.toString(), exit: null }
  const frames = new FrameDecoder().push(bytes)
  const text = (type: number) =>
    Buffer.concat(frames.filter((one) => one.type === type).map((one) => one.payload)).toString()
  return {
    status,
    stdout: text(frameType.stdout),
    stderr: text(frameType.stderr),
    exit: execExit.parse(JSON.parse(text(frameType.exit))),
  }
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk)).once('error', reject)
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(chunks) }))
    })
    outgoing.once('error', reject)
    outgoing.end(body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body))
  })
}

async function sit(socketPath: string, path: string): Promise<Typist> {
  const line = await new Promise<Duplex>((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'cloche-process' }
    const outgoing = request({ socketPath, path, headers, agent: false })
    outgoing.once('error', reject).once('response', (answer) => reject(new Error(`${answer.statusCode}`)))
    outgoing.once('upgrade', (_, upgraded, head) => {
      upgraded.unshift(head)
      resolve(upgraded)
    })
    outgoing.end()
  })
  const decoder = new FrameDecoder()
  let seen = ''
  let look = () => {}
  line.on('error', () => line.destroy())
  let [seq, acked] = [0, 0]
  line.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) {
      if (frame.type === frameType.attached) seq = attached.parse(JSON.parse(frame.payload.toString())).seq
      if (frame.type !== frameType.stdout) continue
      seen += frame.payload
      seq += frame.payload.length
    }
    look()
    // What nobody waited for is forgotten, as it scrolls out of a person's sight.
    if (seen.length > 65_536) seen = seen.slice(-4096)
    if (seq - acked < ackEveryBytes) return
    acked = seq
    line.write(encodeFrame(frameType.ack, encodeAck(seq)))
  })
  return {
    type: (text) => void line.write(encodeFrame(frameType.stdin, Buffer.from(text))),
    sees: (text, withinMs = 10_000) =>
      new Promise((resolve, reject) => {
        const began = performance.now()
        const late = setTimeout(() => reject(new Error(`no ${text} in ${seen.slice(-500)}`)), withinMs)
        look = () => {
          const found = seen.indexOf(text)
          if (found < 0) return
          clearTimeout(late)
          look = () => {}
          seen = seen.slice(found + text.length)
          resolve(performance.now() - began)
        }
        look()
      }),
    [Symbol.dispose]: () => line.destroy(),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** Removes a directory, with what a run that was ended in the middle has left mounted in it. */
export async function removeWithMounts(directory: string): Promise<void> {
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4])
  for (const place of places.toReversed()) {
    if (place?.startsWith(`${directory}/`)) await run('umount', ['--lazy', place])
  }
  await rm(directory, { recursive: true, force: true })
}
