import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { sandbox } from '../protocol/api/index.js'
import { readRecords } from '../runtime/sandbox/record.js'
import type { Cloche } from './cloche.js'
import { runProgram } from './program.js'
import type { Samples } from './samples.js'

export const requests = 'Requests a second to an app in a sandbox, 16 at a time'
export const latency = 'The same: p99 of an answer'
export const download = 'A download of 512 MiB from an app in a sandbox'
const [direct, preview] = ['directly, in the network of the sandbox', 'through the preview']

const autocannonVersion = '8.0.0'
const seconds = 5
const port = 8000
const largeMiB = 512
/** Answers at once, and /large with as many bytes as it can. */
const app = `
const piece = Buffer.alloc(1 << 20)
require('node:http').createServer((request, response) => {
  if (request.url !== '/large') return response.end('hello')
  response.setHeader('content-length', ${largeMiB} << 20)
  let left = ${largeMiB}
  const more = () => { while (left-- > 0) if (!response.write(piece)) return response.once('drain', more); response.end() }
  more()
}).listen(${port}, '127.0.0.1')`
const read = `
const [url, headers] = process.argv.slice(1)
const began = performance.now()
let bytes = 0
require('node:http').get(url, { headers: JSON.parse(headers) }, (answer) => {
  answer.on('data', (part) => { bytes += part.length })
  answer.on('end', () => console.log(bytes / 1000 / (performance.now() - began)))
})`
const report = z.object({
  requests: z.object({ average: z.number() }),
  latency: z.object({ p99: z.number() }),
  ...{ errors: z.number(), non2xx: z.number() },
})

/** The same app, asked by a program in the network of its sandbox and through the preview. */
export async function previews(
  samples: Samples,
  cloche: Cloche,
  directory: string,
  rounds: number,
): Promise<void> {
  const home = join(directory, 'autocannon')
  await runProgram('npm', [
    'install',
    '--prefix',
    home,
    '--no-audit',
    '--no-fund',
    `autocannon@${autocannonVersion}`,
  ])
  const limits = { cpus: 2, memoryMiB: 512, diskMiB: 256, pids: 128 }
  const made = await cloche.api('POST', '/sandboxes', { template: 'code', limits, network: 'none' })
  const { id } = sandbox.parse(JSON.parse(made))
  try {
    await cloche.api('POST', `/sandboxes/${id}/processes`, { command: ['node', '-e', app] })
    while (!(await cloche.api('GET', `/sandboxes/${id}/ports`)).includes(`"port":${port}`)) await sleep(100)
    const record = readRecords(join(cloche.instance.home, 'boxes')).records.find(
      (one) => one.sandboxId === id,
    )
    const { url, apiKey } = cloche.instance.admin
    const headers = { 'cloche-sandbox': id, 'cloche-port': String(port), authorization: `Bearer ${apiKey}` }
    const ways = [
      [direct, ['nsenter', `--net=/proc/${record?.init?.pid}/ns/net`], `http://127.0.0.1:${port}`, {}],
      [preview, [], url, headers],
    ] as const
    for (let round = 0; round < rounds; round++) {
      for (const [name, inside, origin, sent] of ways) {
        const node = (args: readonly string[]) => {
          const [program = process.execPath, ...rest] = [...inside, process.execPath, ...args]
          return runProgram(program, rest)
        }
        const extra = Object.entries(sent).flatMap(([header, value]) => ['-H', `${header}=${value}`])
        const cannon = join(home, 'node_modules', 'autocannon', 'autocannon.js')
        const printed = await node([cannon, '-j', '-c', '16', '-d', String(seconds), ...extra, `${origin}/`])
        const {
          requests: rate,
          latency: took,
          errors,
          non2xx,
        } = report.parse(JSON.parse(printed.slice(printed.indexOf('{'))))
        if (errors + non2xx > 0) throw new Error(`${name}: ${errors} errors, ${non2xx} other answers`)
        samples.add(requests, name, rate.average, '1/s')
        samples.add(latency, name, took.p99)
        samples.add(
          download,
          name,
          Number(await node(['-e', read, `${origin}/large`, JSON.stringify(sent)])),
          'MB/s',
        )
      }
    }
  } finally {
    await cloche.delete(id)
  }
}
