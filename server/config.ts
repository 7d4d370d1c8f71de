import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { withSecretFiles } from '../common/secrets.js'
import { fingerprintOfLine } from '../common/ssh-fingerprint.js'
import { type IdlePolicy, idlePolicy, type SshServer } from '../protocol/api/index.js'

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
const networks = list.pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])))

const environment = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://'),
  CLOCHE_RUNTIME_SOCKET: z.string().startsWith('/').default('/run/cloche/cloche/runtime.sock'),
  CLOCHE_SECRET: z.string().min(32, 'must have at least 32 characters; `openssl rand -hex 32` makes one'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  CLOCHE_URL: z.url({ protocol: /^https?$/ }).optional(),
  CLOCHE_HOSTS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim().toLowerCase())
        .filter(Boolean),
    ),
  CLOCHE_PREVIEW_DOMAIN: z
    .string()
    .toLowerCase()
    .regex(/^(?!-)[a-z\d-]+(\.[a-z\d-]+)*$/, 'must be a name, without scheme, port and wildcard')
    .optional(),
  CLOCHE_PREVIEW_TIMEOUT_SECONDS: z.coerce.number().min(0.1).max(3600).default(120),
  CLOCHE_IDLE: z
    .string()
    .default('')
    .transform((text, context) => {
      const policy = policyOf(text)
      if (policy === undefined) context.addIssue('must be of the form pause=30m,stop=12h')
      return policy ?? null
    }),
  CLOCHE_SIGNUP: z.enum(['open', 'closed']).default('open'),
  CLOCHE_TRUST_PROXY: z.string().optional(),
  CLOCHE_RUN_PLACES: z.coerce.number().int().min(1).max(1000).optional(),
  CLOCHE_RUN_QUEUE: z.coerce.number().int().min(1).max(1_000_000).default(10_000),
  CLOCHE_RUN_RETENTION_HOURS: z.coerce.number().min(0).max(87_600).default(168),
  CLOCHE_CALLBACK_ALLOW: networks,
  CLOCHE_REGISTRY_ALLOW: networks,
  CLOCHE_REGISTRY_HTTP: list.pipe(z.array(z.string().toLowerCase())),
  CLOCHE_SSH_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  CLOCHE_SSH_HOST: z
    .string()
    .regex(/^[\w.:-]{1,253}$/, 'must be a name or an address')
    .optional(),
  CLOCHE_SSH_HOST_KEY: z
    .string()
    .regex(/^ssh-ed25519 [\w+/]+=*$/, 'must be a public key of the form `ssh-ed25519 AAAA…`')
    .optional(),
  CLOCHE_LTI_ALLOW: networks,
  CLOCHE_LTI_HTTP: list.pipe(z.array(z.string().toLowerCase())),
  CLOCHE_HEARTBEAT_SECONDS: z.coerce.number().min(0.1).max(3600).default(15),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** What an operator can set, read once at start. */
export interface Config {
  readonly databaseUrl: string
  readonly runtimeSocket: string
  readonly secret: string
  readonly host: string
  readonly port: number
  /** Where people reach it; behind a proxy this is not `host` and `port`. */
  readonly publicUrl: string
  /** Pages of these origins may call: the public one, and on loopback its other names. */
  readonly origins: readonly string[]
  /** Names under which the server answers, without ports. */
  readonly hosts: readonly string[]
  /** Ports of sandboxes have origins below it; null when there is none. */
  readonly previewDomain: string | null
  /** A program in a sandbox may be silent for so long before its answer begins. */
  readonly previewTimeoutMs: number
  /** When new sandboxes are put to sleep of tenants that say nothing; null: never. */
  readonly idle: IdlePolicy | null
  readonly signUp: 'open' | 'closed'
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Runs at once, of all tenants together. */
  readonly runPlaces: number
  /** Runs of one tenant that may wait. */
  readonly runQueue: number
  /** Results of runs are kept for so long. */
  readonly runRetentionHours: number
  /** Networks that callbacks may reach beside the public internet. */
  readonly callbackAllow: readonly string[]
  /** Networks that other registries may be in beside the public internet. */
  readonly registryAllow: readonly string[]
  /** Other registries that are called without TLS: `host` or `host:port`. */
  readonly registryHttp: readonly string[]
  /** Where SSH is answered; null while it is off. */
  readonly ssh: SshServer | null
  /** Networks that learning platforms may be in beside the public internet. */
  readonly ltiAllow: readonly string[]
  /** Learning platforms that are called without TLS: `host` or `host:port`. */
  readonly ltiHttp: readonly string[]
  /** A long answer is never silent for longer. */
  readonly heartbeatMs: number
  readonly logLevel: string
}

const secondsOf = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const policyPart = /^(pause|stop)=(\d{1,8})([smhd])$/

/** @returns undefined for what is no policy, null for none */
function policyOf(text: string): IdlePolicy | null | undefined {
  if (text === '' || text === 'none') return null
  const policy: Record<string, number> = {}
  for (const part of text.split(',')) {
    const [, what, amount, unit] = policyPart.exec(part.trim()) ?? []
    const seconds = z.enum(['s', 'm', 'h', 'd']).safeParse(unit)
    if (!seconds.success) return undefined
    policy[`${what}AfterSeconds`] = Number(amount) * secondsOf[seconds.data]
  }
  return idlePolicy.safeParse(policy).data
}

/** @param hostname of the address that browsers see */
function sshOf(env: z.infer<typeof environment>, hostname: string): SshServer | null {
  const { CLOCHE_SSH_PORT: port, CLOCHE_SSH_HOST: host, CLOCHE_SSH_HOST_KEY: hostKey } = env
  if (port === undefined) return null
  return {
    ...{ host: host ?? hostname.replace(/^\[|\]$/g, ''), port, hostKey: hostKey ?? null },
    fingerprint: hostKey === undefined ? null : fingerprintOfLine(hostKey),
  }
}

/** @throws ZodError that names each variable that is wrong */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.parse(withSecretFiles(env))
  const { HOST: host, PORT: port } = parsed
  const publicUrl = new URL(parsed.CLOCHE_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`)
  const loopback = ['localhost', '127.0.0.1', '[::1]']
  const names = loopback.includes(publicUrl.hostname) ? loopback : [publicUrl.hostname]
  const origins = names.map((name) => {
    const url = new URL(publicUrl)
    url.hostname = name
    return url.origin
  })
  return {
    ...{ databaseUrl: parsed.DATABASE_URL, runtimeSocket: parsed.CLOCHE_RUNTIME_SOCKET },
    ...{ secret: parsed.CLOCHE_SECRET, host, port, publicUrl: publicUrl.origin, origins },
    hosts: [...new Set([...loopback, publicUrl.hostname, ...parsed.CLOCHE_HOSTS])],
    // The name leads to the visitor's own machine: of use where Cloche is there too.
    previewDomain:
      parsed.CLOCHE_PREVIEW_DOMAIN ?? (loopback.includes(publicUrl.hostname) ? 'localhost' : null),
    previewTimeoutMs: parsed.CLOCHE_PREVIEW_TIMEOUT_SECONDS * 1000,
    idle: parsed.CLOCHE_IDLE,
    signUp: parsed.CLOCHE_SIGNUP,
    trustedProxies: parsed.CLOCHE_TRUST_PROXY?.split(',').map((part) => part.trim()) ?? [],
    runPlaces: parsed.CLOCHE_RUN_PLACES ?? availableParallelism() * 2,
    runQueue: parsed.CLOCHE_RUN_QUEUE,
    runRetentionHours: parsed.CLOCHE_RUN_RETENTION_HOURS,
    callbackAllow: parsed.CLOCHE_CALLBACK_ALLOW,
    ...{ registryAllow: parsed.CLOCHE_REGISTRY_ALLOW, registryHttp: parsed.CLOCHE_REGISTRY_HTTP },
    ssh: sshOf(parsed, publicUrl.hostname),
    ...{ ltiAllow: parsed.CLOCHE_LTI_ALLOW, ltiHttp: parsed.CLOCHE_LTI_HTTP },
    heartbeatMs: parsed.CLOCHE_HEARTBEAT_SECONDS * 1000,
    logLevel: parsed.LOG_LEVEL,
  }
}
