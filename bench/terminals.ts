import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { newId, terminal } from '../protocol/api/index.js'
import { type Watcher, watch } from '../runtime/testing/watcher.js'

/**
 * Measures terminals at a running runtime's attach stream: opening, echo, throughput, Ctrl-C, and many at once.
 * `node dist/bench/terminals.js [--socket PATH] [--host PID of the terminal host] [--many N]`.
 */
const { values } = parseArgs({
  options: {
    socket: { type: 'string', default: '/run/cloche/cloche/runtime.sock' },
    host: { type: 'string', default: 'self' },
    many: { type: 'string', default: '500' },
  },
})
const many = Number(values.many)
const limits = { cpus: 2, memoryMiB: 1024, diskMiB: 256, pids: 512 }
const quota = { cpus: 64, memoryMiB: 65_536, diskMiB: 1_048_576, pids: 65_536, sandboxes: 4000 }
const claim = {
  ...{ tenantId: newId('tn'), template: 'base', limits, quota, network: 'none', isolation: 'standard' },
  ...{ env: {}, hostname: 'bench' },
}

function call(method: string, path: string, body?: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: values.socket, method, path, agent: false }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((answer.statusCode ?? 500) < 300) resolve(text)
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`))
      })
    })
    outgoing.once('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function makeSandbox(): Promise<string> {
  const id = newId('sb')
  await call('PUT', `/sandboxes/${id}`, claim)
  return id
}

async function open(sandbox: string, command?: string): Promise<Watcher> {
  const body = command === undefined ? {} : { command: ['/bin/bash', '-c', command] }
  const { id } = terminal.parse(JSON.parse(await call('POST', `/sandboxes/${sandbox}/terminals`, body)))
  return watch(values.socket, `/sandboxes/${sandbox}/terminals/${id}/attach?since=0`, { keep: false })
}

function show(step: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]?.toFixed(2).padStart(7)
  console.log(`${step.padEnd(44)} p50 ${at(0.5)}  p99 ${at(0.99)} ms  n ${times.length}`)
}

/** One keystroke after the other, each when the last has come back. */
async function echo(typist: Watcher, keys: number, pauseMs: number): Promise<number[]> {
  const times: number[] = []
  for (let key = 0; key < keys; key++) {
    const { seq } = typist
    const began = performance.now()
    typist.type('k')
    await typist.until(() => typist.seq > seq, 'an echo')
    times.push(performance.now() - began)
    if (pauseMs > 0) await sleep(pauseMs)
  }
  return times
}

/** Resident memory in bytes, and threads, of the terminal host. */
function hostUse(): { bytes: number; threads: number } {
  const status = readFileSync(`/proc/${values.host}/status`, 'utf8')
  const bytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024
  return { bytes, threads: readdirSync(`/proc/${values.host}/task`).length }
}

const firstOutput = async (sandbox: string, command?: string) => {
  const began = performance.now()
  using shell = await open(sandbox, command)
  await shell.until(() => shell.seq > 0, 'a prompt')
  return performance.now() - began
}

const pooled: number[] = []
const fresh: number[] = []
for (let round = 0; round < 20; round++) {
  const sandbox = await makeSandbox()
  pooled.push(await firstOutput(sandbox))
  fresh.push(await firstOutput(sandbox))
  await call('DELETE', `/sandboxes/${sandbox}`)
  await sleep(400)
}
show('open to prompt, first terminal of a pooled one', pooled)
show('open to prompt, another terminal', fresh)

const sandbox = await makeSandbox()
{
  using cat = await open(sandbox, 'stty raw -echo; exec cat')
  await sleep(200)
  await echo(cat, 200, 0)
  show('echo, keystroke after keystroke', await echo(cat, 3000, 0))
  show('echo, typed at 100 keys a second', await echo(cat, 300, 10))
}

for (const [name, flood] of [
  ['yes', 'yes'],
  ['base64', 'base64 -w 76 /dev/urandom'],
  ['a text file', 'base64 /dev/urandom | head -c 20000000 > f; while :; do cat f; done'],
  ['colours', "yes $'\\e[32mcolour\\e[0m and plain'"],
]) {
  using one = await open(sandbox, `trap 'echo; echo stopped; read x' INT; read x; ${flood}`)
  one.type('\n')
  await one.until(() => one.seq > 1_000_000, 'a flood')
  const began = performance.now()
  const from = one.seq
  await sleep(3000)
  const rate = (one.seq - from) / (performance.now() - began) / 1000
  const stops: number[] = []
  const struck = performance.now()
  let seq = one.seq
  let last = struck
  one.line.on('data', () => {
    if (one.seq > seq) last = performance.now()
    seq = one.seq
  })
  one.type('\x03')
  for (let quiet = -1; quiet !== one.seq; await sleep(300)) quiet = one.seq
  stops.push(last - struck)
  console.log(
    `${`throughput, ${name}`.padEnd(44)} ${rate.toFixed(1)} MB/s; last byte ${stops[0]?.toFixed(0)} ms after Ctrl-C`,
  )
  one.type('\n')
}
await call('DELETE', `/sandboxes/${sandbox}`)

const before = hostUse()
const boxes: string[] = []
const idle: Watcher[] = []
for (let count = 0; count < many; count++) {
  if (count % 50 === 0) boxes.push(await makeSandbox())
  idle.push(await open(boxes.at(-1) ?? '', 'stty raw -echo; exec cat'))
}
await sleep(1000)
const after = hostUse()
console.log(
  `${`${many} idle terminals with a viewer each`.padEnd(44)} ${((after.bytes - before.bytes) / many / 1024).toFixed(0)} KiB of the terminal host each, ${after.threads} threads`,
)
const busy: Watcher[] = []
const printing = 'import time,os\nwhile 1:\n os.write(1,b"x"*1990+b"\\r\\n"*5);time.sleep(.01)'
for (let count = 0; count < 50; count++) {
  const where = boxes[count % boxes.length] ?? ''
  busy.push(await open(where, `exec python3 -c '${printing}'`))
}
await sleep(1000)
const from = busy.reduce((sum, one) => sum + one.seq, 0)
const began = performance.now()
const quiet = idle[0]
if (quiet !== undefined) show(`echo, ${many} open and 50 of them busy`, await echo(quiet, 500, 10))
const printed = busy.reduce((sum, one) => sum + one.seq, 0) - from
console.log(`${''.padEnd(44)} meanwhile ${(printed / (performance.now() - began) / 1000).toFixed(1)} MB/s`)
for (const one of [...idle, ...busy]) one.line.destroy()
for (const box of boxes) await call('DELETE', `/sandboxes/${box}`)
