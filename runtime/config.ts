import { z } from 'zod'

const address = z.ipv4()

const environment = z.object({
  CLOCHE_INSTANCE: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,14}$/, 'must be 1 to 15 lowercase letters and digits')
    .default('cloche'),
  CLOCHE_HOME: z.string().startsWith('/').optional(),
  CLOCHE_RUN: z.string().startsWith('/').optional(),
  CLOCHE_POOL_SIZE: z.coerce.number().int().min(0).max(1000).default(4),
  CLOCHE_DISK_GIB: z.coerce.number().int().min(1).optional(),
  CLOCHE_DISK_RESERVE_GIB: z.coerce.number().min(0).optional(),
  CLOCHE_RESOLVERS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(address).min(1))
    .optional(),
  CLOCHE_CGROUP_ROOT: z.string().startsWith('/').optional(),
  CLOCHE_GROUP: z.string().default('cloche'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
})

/** What an operator can set, read once at start. */
export interface Config {
  readonly instance: string
  readonly home: string
  readonly run: string
  readonly poolSize: number
  readonly diskGib: number | undefined
  /** Of the host's disk and of the sandboxes' disk, for nobody. */
  readonly diskReserveBytes: number | undefined
  readonly resolvers: readonly string[] | undefined
  readonly cgroupRoot: string
  readonly group: string
  readonly logLevel: string
}

/** @throws ZodError that names each variable that is wrong */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = environment.parse(env)
  const instance = parsed.CLOCHE_INSTANCE
  return {
    instance,
    home: parsed.CLOCHE_HOME ?? `/var/lib/${instance}`,
    run: parsed.CLOCHE_RUN ?? `/run/cloche/${instance}`,
    poolSize: parsed.CLOCHE_POOL_SIZE,
    diskGib: parsed.CLOCHE_DISK_GIB,
    diskReserveBytes:
      parsed.CLOCHE_DISK_RESERVE_GIB === undefined ? undefined : parsed.CLOCHE_DISK_RESERVE_GIB * 1024 ** 3,
    resolvers: parsed.CLOCHE_RESOLVERS,
    cgroupRoot: parsed.CLOCHE_CGROUP_ROOT ?? `/${instance}`,
    group: parsed.CLOCHE_GROUP,
    logLevel: parsed.LOG_LEVEL,
  }
}
