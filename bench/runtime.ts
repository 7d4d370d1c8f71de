import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { newId, node } from '../protocol/index.js'

/**
 * Measures a running runtime at its socket: warm claim, cold creation, exec and removal, and the memory that
 * one sandbox costs. `npm run build`, then `node dist/bench/runtime.js [--socket PATH] [--rounds N]`.
 */
const { values } = parseArgs({
  options: {
    socket: { type: 'string', default: '/run/cloche/cloche/runtime.sock' },
    rounds: { type: 'string', default: '100' },
  },
})
const rounds = Number(values.rounds)
const agent = new Agent({ keepAlive: true })
const limits = { cpus: 1, memoryMiB: 256, diskMiB: 256, pids: 128 }
const quota = { cpus: 64, memoryMiB: 65_536, diskMiB: 1_048_576, pids: 65_536, sandboxes: 4000 }
const tenantId = newId('tn')
const claim = {
  ...{ tenantId, template: 'base', limits, quota, network: 'internet', isolation: 'standard' },
  ...{ env: {}, hostname: 'bench' },
}

function call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: values.socket, method, path, agent }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function poolIsReady(): Promise<void> {
  for (;;) {
    const pool = node.parse(JSON.parse((await call('GET', '/node')).text)).pools[0]
    if (pool !== undefined && pool.ready >= pool.target) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const samples = new Map<string, number[]>()
async function timed(step: string, act: () => Promise<{ status: number; text: string }>): Promise<void> {
  const began = performance.now()
  const { status, text } = await act()
  if (status >= 300) throw new Error(`${step}: ${status} ${text}`)
  samples.set(step, [...(samples.get(step) ?? []), performance.now() - began])
}

const residentKib = () => Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1])

// A tenant at work has a sandbox already, and with it its cgroup.
const first = newId('sb')
await call('PUT', `/sandboxes/${first}`, claim)
for (let round = 0; round < rounds; round++) {
  await poolIsReady()
  const id = newId('sb')
  await timed('warm claim', () => call('PUT', `/sandboxes/${id}`, claim))
  await timed('exec true', () => call('POST', `/sandboxes/${id}/exec`, { command: ['true'] }))
  await timed('remove', () => call('DELETE', `/sandboxes/${id}`))
}
// More at once than any pool holds: the rest are made cold.
const before = residentKib()
const many: string[] = []
for (let round = 0; round < rounds; round++) {
  const id = newId('sb')
  many.push(id)
  const began = performance.now()
  const { text } = await call('PUT', `/sandboxes/${id}`, claim)
  if (text.includes('"warm":false')) {
    samples.set('cold creation', [...(samples.get('cold creation') ?? []), performance.now() - began])
  }
}
const eachMiB = (before - residentKib()) / 1024 / rounds
for (const id of [...many, first]) await call('DELETE', `/sandboxes/${id}`)
agent.destroy()

const at = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
console.log(`${execFileSync('uname', ['-r']).toString().trim()}, ${rounds} rounds; milliseconds`)
for (const [step, times] of samples) {
  const sorted = times.toSorted((a, b) => a - b)
  console.log(
    `${step.padEnd(14)} p50 ${at(sorted, 0.5).toFixed(2).padStart(7)}  p99 ${at(sorted, 0.99).toFixed(2).padStart(7)}  n ${times.length}`,
  )
}
console.log(`memory         ${eachMiB.toFixed(2)} MiB of host memory for each sandbox, ${rounds} alive`)
