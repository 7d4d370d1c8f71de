import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { newId, node, sandbox } from '../protocol/api/index.js'
import { runtimeSandbox } from '../protocol/node/index.js'
import { readRecords } from '../runtime/sandbox/record.js'
import { type Instance, openInstance } from '../testing/instance.js'

/** As many as a class that arrives at once. */
export const poolSize = 40
/** What an operator would keep ready who expects forty runs a second. */
const runsReady = 20
/** Two templates at their default size and for runs, and one hardened of each: what is left of the budget is nothing,
 * so that another size is always made cold, whatever the forecast says. */
const budget = 2 * (poolSize + runsReady) + 2
const limits = { cpus: 1, memoryMiB: 512, diskMiB: 256, pids: 128 }
const quota = { cpus: 64, memoryMiB: 1_048_576, diskMiB: 16_777_216, pids: 65_536, sandboxes: 4000 }

/** Cloche as `bin/up` starts it, with a database, an API and a network namespace as its uplink. */
export interface Cloche extends AsyncDisposable {
  readonly instance: Instance
  /** A directory with the base image's files, and the cgroup of everything that the instance runs. */
  readonly rootfs: string
  /** At the runtime's socket. @returns the sandbox's id and whether it came from the pool */
  claim(how: { cold?: boolean; network?: boolean }): Promise<{ id: string; warm: boolean }>
  exec(id: string): Promise<void>
  /** @throws when a packet from inside gets no answer from the host */
  reachGateway(id: string): Promise<void>
  remove(id: string): Promise<void>
  /** Every sandbox with its usage, at the runtime's socket. */
  list(): Promise<void>
  /**
   * Sandboxes of the operator's tenant, at the API, however many, made from nothing.
   * @param template `base` if absent
   * @returns the new one's id
   */
  create(template?: string): Promise<string>
  delete(id: string): Promise<void>
  /** Lifts what bounds the operator's tenant. */
  liftQuota(): Promise<void>
  /** At the API, over HTTP with a key. */
  api(method: string, path: string, body?: object): Promise<string>
  poolFull(): Promise<void>
  /** Lets the server sleep meanwhile: it removes what its database does not know, as claims at the socket are. */
  withoutServer(act: () => Promise<void>): Promise<void>
  /** How many disks and how many records of sandboxes there are. */
  kept(): { disks: number; records: number }
  /** cgroups of the sandboxes that wait. */
  pooledCgroups(): string[]
}

export async function openCloche(): Promise<Cloche> {
  process.env.CLOCHE_TEST_INSTANCE = 'cloche'
  const instance = await openInstance('bench', {
    ...{ CLOCHE_POOL_SIZE: String(poolSize), CLOCHE_POOL_RUNS: String(runsReady) },
    ...{ CLOCHE_POOL_SANDBOXES: String(budget), CLOCHE_DISK_GIB: '20' },
  })
  const agent = new Agent({ keepAlive: true, timeout: 4000 })
  const socketPath = `/run/cloche/${instance.name}/runtime.sock`
  const { admin } = instance
  const api = new URL(admin.url)
  const ask = (options: object, body?: object) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const outgoing = request({ ...options, agent }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject)
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        )
      })
      outgoing.once('error', reject)
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    })
  const answered = async (what: string, answer: Promise<{ status: number; text: string }>) => {
    const { status, text } = await answer
    if (status >= 300) throw new Error(`${what}: ${status} ${text}`)
    return text
  }
  const runtime = (method: string, path: string, body?: object) =>
    answered(`${method} ${path}`, ask({ socketPath, method, path }, body))
  const callApi: Cloche['api'] = (method, path, body) => {
    const headers = { authorization: `Bearer ${admin.apiKey}`, 'content-type': 'application/json' }
    const { hostname, port } = api
    return answered(
      `${method} ${path}`,
      ask({ hostname, port, method, path: `/api/v1${path}`, headers }, body),
    )
  }
  const tenantId = newId('tn')
  const layers = join(instance.home, 'disk', 'layers')
  const template = z.object({ layers: z.array(z.string()), defaults: z.object({ memoryMiB: z.number() }) })
  const base = template.parse(
    JSON.parse(readFileSync(join(instance.home, 'disk', 'templates', 'base.json'), 'utf8')),
  )
  const coldMiB = base.defaults.memoryMiB >= 512 ? 256 : 512
  const own: Cloche = {
    instance,
    rootfs: join(layers, base.layers[0] ?? readdirSync(layers)[0] ?? ''),
    claim: async ({ cold = false, network = true }) => {
      const id = newId('sb')
      const memoryMiB = cold ? coldMiB : base.defaults.memoryMiB
      const claim = {
        ...{ tenantId, template: 'base', quota, isolation: 'standard', env: {}, hostname: 'bench' },
        ...{ limits: { ...limits, memoryMiB }, network: network ? 'internet' : 'none' },
      }
      const { warm } = runtimeSandbox.parse(JSON.parse(await runtime('PUT', `/sandboxes/${id}`, claim)))
      return { id, warm }
    },
    exec: async (id) => void (await runtime('POST', `/sandboxes/${id}/exec`, { command: ['true'] })),
    reachGateway: async (id) => {
      const command =
        'python3 -c "import socket; s = socket.socket(); s.settimeout(5); print(s.connect_ex((\'169.254.1.1\', 9)))"'
      const answer = await runtime('POST', `/sandboxes/${id}/exec`, { command })
      // ECONNREFUSED is the firewall's answer, and it came over the link.
      if (!answer.includes('111')) throw new Error(`${id} does not reach its gateway: ${answer}`)
    },
    remove: async (id) => void (await runtime('DELETE', `/sandboxes/${id}`)),
    api: callApi,
    create: async (of = 'base') => {
      const wanted = { template: of, limits: { ...limits, cpus: 0.2, memoryMiB: coldMiB } }
      return sandbox.parse(JSON.parse(await callApi('POST', '/sandboxes', wanted))).id
    },
    delete: async (id) => void (await callApi('DELETE', `/sandboxes/${id}`)),
    liftQuota: async () => {
      const { tenant } = z
        .object({ tenant: z.object({ id: z.string() }) })
        .parse(JSON.parse(await callApi('GET', '/me')))
      await callApi('PATCH', `/admin/tenants/${tenant.id}`, { quota: { ...quota, runs: 1000 } })
    },
    withoutServer: async (act) => {
      const server = (await instance.processes()).get('server')
      if (server === undefined) throw new Error('there is no server to put to sleep')
      process.kill(server, 'SIGSTOP')
      try {
        await act()
      } finally {
        process.kill(server, 'SIGCONT')
      }
    },
    list: async () => void (await runtime('GET', '/sandboxes')),
    poolFull: async () => {
      for (let tries = 0; tries < 4000; tries++) {
        const { pools } = node.parse(JSON.parse(await runtime('GET', '/node')))
        const ours = pools.filter((pool) => pool.template === 'base' && pool.isolation === 'standard')
        if (ours.length > 0 && ours.every(({ ready, target }) => ready >= target)) return
        await sleep(25)
      }
      throw new Error('the pool does not fill')
    },
    kept: () => ({
      disks: ['sandboxes', 'runs'].flatMap((of) => readdirSync(join(instance.home, 'disk', of))).length,
      records: [instance.home, `/run/cloche/${instance.name}`].flatMap((at) => readdirSync(join(at, 'boxes')))
        .length,
    }),
    pooledCgroups: () =>
      readRecords(join(instance.home, 'boxes'))
        .records.filter(
          ({ sandboxId, purpose, template: of }) =>
            sandboxId === null && purpose === 'sandbox' && of === 'base',
        )
        .map(({ cgroup }) => cgroup),
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
      await instance[Symbol.asyncDispose]()
    },
  }
  return own
}
