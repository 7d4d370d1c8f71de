import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { TlsSettings } from './http/tls.js'
import type { PoolSettings } from './pool/pools.js'
import { serviceUser } from './service-user.js'

const mib = 1024 ** 2
const address = z.ipv4()

/** Share of the host's memory that is left to those who run. */
const memoryReserve = 0.03

const file = z.string().startsWith('/', 'must be an absolute path')
const listenAddress = z
  .string()
  .regex(/^(\[[\da-fA-F:.]+\]|[\w.-]+):\d{1,5}$/, 'must be HOST:PORT, such as 10.0.0.7:7443 or [::]:7443')
  .transform((text) => {
    const at = text.lastIndexOf(':')
    return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
  })
  .refine(({ port }) => port < 65_536, 'has no such port')

const environment = z.object({
  CLOCHE_INSTANCE: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,14}$/, 'must be 1 to 15 lowercase letters and digits')
    .default('cloche'),
  CLOCHE_HOME: z.string().startsWith('/').optional(),
  CLOCHE_RUN: z.string().startsWith('/').optional(),
  CLOCHE_POOL_SIZE: z.coerce.number().int().min(0).max(1000).default(4),
  CLOCHE_POOL_RUNS: z.coerce.number().int().min(0).max(1000).default(2),
  CLOCHE_POOL_MEMORY_MIB: z.coerce.number().int().min(0).optional(),
  CLOCHE_POOL_DISK_MIB: z.coerce.number().int().min(0).default(4096),
  CLOCHE_POOL_CPUS: z.coerce.number().min(0.1).optional(),
  CLOCHE_POOL_SANDBOXES: z.coerce.number().int().min(0).max(1900).default(500),
  CLOCHE_POOL_MAX_AGE_SECONDS: z.coerce.number().int().min(1).default(3600),
  CLOCHE_DISK_GIB: z.coerce.number().int().min(1).optional(),
  CLOCHE_DISK_RESERVE_GIB: z.coerce.number().min(0).optional(),
  CLOCHE_MEMORY_RESERVE_MIB: z.coerce.number().int().min(0).optional(),
  CLOCHE_LAYER_GRACE_SECONDS: z.coerce.number().min(0).default(3600),
  CLOCHE_BUILD_CACHE_HOURS: z.coerce.number().min(0).default(24),
  CLOCHE_IMAGE_LAYER_GIB: z.coerce.number().min(0.1).default(32),
  CLOCHE_QUARANTINE_DAYS: z.coerce.number().min(0).default(7),
  CLOCHE_RESOLVERS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(address).min(1))
    .optional(),
  CLOCHE_CGROUP_ROOT: z.string().startsWith('/').optional(),
  CLOCHE_GROUP: z.string().min(1).optional(),
  CLOCHE_NODE_LISTEN: listenAddress.optional(),
  CLOCHE_NODE_TLS_CA: file.optional(),
  CLOCHE_NODE_TLS_CERT: file.optional(),
  CLOCHE_NODE_TLS_KEY: file.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** What an operator can set, read once at start. */
export interface Config {
  readonly instance: string
  readonly home: string
  readonly run: string
  readonly pool: PoolSettings
  readonly diskGib: number | undefined
  /** Of the host's disk and of the sandboxes' disk, for nobody. */
  readonly diskReserveBytes: number | undefined
  /** Of the host's memory: with less left there is no new sandbox. */
  readonly memoryReserveBytes: number
  /** Days after which a sandbox in quarantine counts as overdue. */
  readonly quarantineDays: number
  /** How long a layer that nothing uses is kept after it was made, for the next try of what was interrupted. */
  readonly layerGraceMs: number
  /** How long what a step of a build has written is kept after it was used last, for the next build. */
  readonly buildCacheMs: number
  /** Of one layer of an image, unpacked. */
  readonly imageLayerBytes: number
  readonly resolvers: readonly string[] | undefined
  readonly cgroupRoot: string
  /** The user and group that server and database run as; may open the runtime's socket. */
  readonly group: string
  /** Where servers on other machines reach it, and with which certificates. */
  readonly listen: TlsSettings | undefined
  readonly logLevel: string
}

/** @throws ZodError that names each variable that is wrong */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.parse(env)
  const instance = parsed.CLOCHE_INSTANCE
  const home = parsed.CLOCHE_HOME ?? `/var/lib/${instance}`
  const memoryReserveBytes =
    parsed.CLOCHE_MEMORY_RESERVE_MIB === undefined
      ? totalmem() * memoryReserve
      : parsed.CLOCHE_MEMORY_RESERVE_MIB * mib
  return {
    instance,
    home,
    run: parsed.CLOCHE_RUN ?? `/run/cloche/${instance}`,
    pool: {
      floor: parsed.CLOCHE_POOL_SIZE,
      runFloor: parsed.CLOCHE_POOL_RUNS,
      budget: {
        memoryMiB: parsed.CLOCHE_POOL_MEMORY_MIB ?? Math.floor(totalmem() / mib / 10),
        diskMiB: parsed.CLOCHE_POOL_DISK_MIB,
        cpus: parsed.CLOCHE_POOL_CPUS ?? Math.max(1, cpus().length / 2),
        sandboxes: parsed.CLOCHE_POOL_SANDBOXES,
      },
      maxAgeMs: parsed.CLOCHE_POOL_MAX_AGE_SECONDS * 1000,
      // Before anybody is refused.
      reserveBytes: (memoryReserveBytes * 5) / 3,
      file: join(home, 'pools.json'),
    },
    diskGib: parsed.CLOCHE_DISK_GIB,
    diskReserveBytes:
      parsed.CLOCHE_DISK_RESERVE_GIB === undefined ? undefined : parsed.CLOCHE_DISK_RESERVE_GIB * 1024 ** 3,
    memoryReserveBytes,
    quarantineDays: parsed.CLOCHE_QUARANTINE_DAYS,
    layerGraceMs: parsed.CLOCHE_LAYER_GRACE_SECONDS * 1000,
    buildCacheMs: parsed.CLOCHE_BUILD_CACHE_HOURS * 3_600_000,
    imageLayerBytes: parsed.CLOCHE_IMAGE_LAYER_GIB * 1024 ** 3,
    resolvers: parsed.CLOCHE_RESOLVERS,
    cgroupRoot: parsed.CLOCHE_CGROUP_ROOT ?? `/${instance}`,
    group: parsed.CLOCHE_GROUP ?? serviceUser(instance, home),
    listen: listenOf(parsed),
    logLevel: parsed.LOG_LEVEL,
  }
}

function listenOf(parsed: z.infer<typeof environment>): TlsSettings | undefined {
  const address = parsed.CLOCHE_NODE_LISTEN
  if (address === undefined) return undefined
  const named = (name: 'CLOCHE_NODE_TLS_CA' | 'CLOCHE_NODE_TLS_CERT' | 'CLOCHE_NODE_TLS_KEY') => {
    const path = parsed[name]
    if (path !== undefined) return path
    const message = 'is needed with CLOCHE_NODE_LISTEN: a node answers other machines over TLS only'
    throw new z.ZodError([{ code: 'custom', path: [name], message, input: undefined }])
  }
  return {
    ...address,
    ca: named('CLOCHE_NODE_TLS_CA'),
    cert: named('CLOCHE_NODE_TLS_CERT'),
    key: named('CLOCHE_NODE_TLS_KEY'),
  }
}
