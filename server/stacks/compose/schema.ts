import { z } from 'zod'
import { durationSeconds } from '../../../common/duration.js'
import { portNumber } from '../../../protocol/api/index.js'
import { composeBuild } from './build.js'
import { envFile } from './env-file.js'
import { wordsOf } from './words.js'

/** What somebody may write as a number or in quotation marks. */
const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be text or a number').transform(String)
const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 of a-z, 0-9, - and _, and begin and end with a letter or digit',
  )

/** A key of Compose that may be there without a value. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined)

/** A list of `NAME=value`, or a mapping. */
const pairs = z.union(
  [
    z.record(z.string(), scalar.nullable()),
    z.array(z.string()).transform((lines) =>
      Object.fromEntries(
        lines.map((line): [string, string | null] => {
          const at = line.indexOf('=')
          return at < 0 ? [line, null] : [line.slice(0, at), line.slice(at + 1)]
        }),
      ),
    ),
  ],
  'must be a mapping, or a list of NAME=value',
)

const environment = pairs.transform((entries, context) => {
  for (const [key, value] of Object.entries(entries)) {
    if (value === null) {
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `has no value: write ${key}=\${${key}} to take it from variables`,
      })
    }
  }
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, value ?? '']))
})

/** Words of a program; text is read as a shell reads words, and run by none. */
const command = z
  .union([z.string(), z.array(scalar)], 'must be text or a list of words')
  .transform((stated, context) => {
    const words = typeof stated === 'string' ? wordsOf(stated) : stated
    if (words !== undefined) return words
    context.addIssue('has a quotation mark without an end')
    return z.NEVER
  })

const duration = z.union([z.string(), z.number()]).transform((stated, context) => {
  const seconds = durationSeconds(String(stated))
  if (seconds !== undefined) return seconds
  context.addIssue('must be a time such as 30s or 1m30s')
  return z.NEVER
})

const units: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }
/** In MiB, rounded up. */
const size = z.union([z.string(), z.number()]).transform((stated, context) => {
  const [, amount, unit = 'b'] = /^(\d+(?:\.\d+)?)([bkmg])?b?$/i.exec(String(stated)) ?? []
  if (amount !== undefined) return Math.ceil((Number(amount) * (units[unit.toLowerCase()] ?? 1)) / 1024 ** 2)
  context.addIssue('must be a size such as 512m or 2g')
  return z.NEVER
})
const cpus = z.union([z.string(), z.number()]).transform((stated, context) => {
  const count = Number(stated)
  if (stated !== '' && Number.isFinite(count)) return Math.round(count * 100) / 100
  context.addIssue('must be a number of processors such as 0.5')
  return z.NEVER
})

const forms = 'must be a port such as 80 or "8080:80", of TCP'
const port = z
  .union(
    [
      z.number(),
      z.string(),
      z.strictObject({
        target: z.union([z.string(), z.number()]),
        published: scalar.optional(),
        protocol: z.literal('tcp', 'must be tcp: previews are of TCP').optional(),
        name: z.string().optional(),
        app_protocol: z.string().optional(),
      }),
    ],
    forms,
  )
  .transform((stated, context) => {
    const text = typeof stated === 'object' ? String(stated.target) : String(stated)
    const [, inside] = /^(?:\d{1,5}:)?(\d{1,5})(?:\/tcp)?$/.exec(text) ?? []
    const found = portNumber.safeParse(Number(inside))
    if (found.success) return found.data
    context.addIssue(`${forms}; ranges and addresses of the host are not supported`)
    return z.NEVER
  })

const mount = z
  .union(
    [
      z.string(),
      z.strictObject({
        type: z.literal('volume', 'must be volume: directories of the host cannot be mounted'),
        source: name,
        target: z.string(),
        read_only: z.boolean().default(false),
      }),
    ],
    'must be NAME:/path, or a mapping with type volume',
  )
  .transform((stated, context) => {
    if (typeof stated !== 'string') {
      return { volume: stated.source, path: stated.target, readOnly: stated.read_only }
    }
    const [, volume, path, mode] = /^([^:]+):([^:]+)(?::(ro|rw))?$/.exec(stated) ?? []
    const known = name.safeParse(volume)
    if (known.success && path !== undefined) return { volume: known.data, path, readOnly: mode === 'ro' }
    context.addIssue(
      volume !== undefined && /[./~]/.test(volume)
        ? 'mounts a directory of the host, which no sandbox sees: put the files into the image or into a named volume'
        : 'must be NAME:/path or NAME:/path:ro, of a volume that is named below volumes',
    )
    return z.NEVER
  })

const condition = z.enum(['service_started', 'service_healthy', 'service_completed_successfully'])
export type Condition = z.infer<typeof condition>

const dependsOn = z.union(
  [
    z
      .array(name)
      .transform((names) =>
        Object.fromEntries(
          names.map((one) => [one, { condition: 'service_started' as const, required: true }]),
        ),
      ),
    z.record(
      name,
      z.strictObject({
        condition: condition.default('service_started'),
        required: z.boolean().default(true),
      }),
    ),
  ],
  'must be a list of services, or a mapping of them to {condition}',
)

const healthcheck = z.strictObject({
  test: z
    .union([z.string(), z.array(z.string())])
    .transform((stated, context) => {
      const [kind, ...rest] = typeof stated === 'string' ? ['CMD-SHELL', stated] : stated
      if (kind === 'NONE') return null
      if (kind === 'CMD' && rest.length > 0) return rest
      if (kind === 'CMD-SHELL' && rest.length === 1) return ['/bin/sh', '-c', ...rest]
      context.addIssue('must be text, or a list that begins with CMD, CMD-SHELL or NONE')
      return z.NEVER
    })
    .optional(),
  disable: z.boolean().default(false),
  interval: optional(duration),
  timeout: optional(duration),
  start_period: optional(duration),
  start_interval: optional(duration),
  retries: optional(z.union([z.number(), z.string()]).transform(Number)),
})

const networksOfService = z.union(
  [
    z
      .array(name)
      .transform((names): Record<string, string[]> => Object.fromEntries(names.map((one) => [one, []]))),
    z.record(
      name,
      z
        .strictObject({ aliases: optional(z.array(name)) })
        .nullable()
        .transform((of) => of?.aliases ?? []),
    ),
  ],
  'must be a list of networks, or a mapping of them to {aliases}',
)

const restart = z
  .string()
  .regex(
    /^(no|always|unless-stopped|on-failure(:[1-9]\d{0,2})?)$/,
    'must be "no", always, unless-stopped, on-failure or on-failure:N',
  )

export const composeService = z.strictObject({
  image: optional(z.string('must name a template').min(1).max(512)),
  /** One of both is there. */
  build: optional(composeBuild),
  command: optional(command),
  entrypoint: optional(command),
  environment: optional(environment),
  env_file: optional(envFile),
  ports: optional(z.array(port)),
  /** Every port is open to the other services anyway. */
  expose: optional(z.array(scalar)),
  volumes: optional(z.array(mount)),
  depends_on: optional(dependsOn),
  healthcheck: optional(healthcheck),
  networks: optional(networksOfService),
  restart: optional(restart),
  working_dir: optional(z.string()),
  user: optional(scalar),
  cpus: optional(cpus),
  mem_limit: optional(size),
  pids_limit: optional(z.number()),
  storage_opt: optional(z.strictObject({ size: optional(size) })),
  deploy: optional(
    z.strictObject({
      resources: optional(
        z.strictObject({
          limits: optional(
            z.strictObject({ cpus: optional(cpus), memory: optional(size), pids: optional(z.number()) }),
          ),
        }),
      ),
    }),
  ),
})
export type ComposeService = z.infer<typeof composeService>

export const composeFile = z.strictObject({
  version: optional(scalar),
  name: optional(name),
  services: z.record(name, composeService, 'must be a mapping of services'),
  networks: optional(
    z.record(
      name,
      z
        .strictObject({
          internal: optional(z.boolean()),
          driver: optional(z.literal('bridge', 'must be bridge')),
        })
        .nullable(),
    ),
  ),
  volumes: optional(
    z.record(
      name,
      z
        .strictObject({
          name: optional(z.string()),
          external: optional(z.boolean()),
          driver: optional(z.literal('local', 'must be local')),
          driver_opts: optional(z.strictObject({ size: optional(size) })),
        })
        .nullable(),
    ),
  ),
})
export type ComposeFile = z.infer<typeof composeFile>
