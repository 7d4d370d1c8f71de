import { z } from 'zod'
import { type Plain, readYaml, YamlProblem } from '../../../common/yaml.js'
import {
  displayName,
  environment,
  limitsRequest,
  service as serviceSchema,
  stackServicesMax,
  volumeMountsMax,
} from '../../../protocol/api/index.js'
import { templateOfBuild } from './build.js'
import { check } from './check.js'
import { environmentOf } from './env-file.js'
import { interpolate } from './interpolate.js'
import { refused } from './refused.js'
import { type ComposeFile, type ComposeService, composeFile } from './schema.js'

/** The network of services that name none. */
const usual = 'default'

const dependency = z.object({
  service: z.string(),
  condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
  required: z.boolean(),
})
export type Dependency = z.infer<typeof dependency>

const plannedService = z.object({
  name: z.string(),
  image: z.string(),
  /** Its template is built from a Dockerfile, by whoever starts the stack. */
  built: z.boolean().default(false),
  env: z.record(z.string(), z.string()),
  limits: limitsRequest,
  mounts: z.array(z.object({ volume: z.string(), path: z.string(), readOnly: z.boolean() })),
  networks: z.array(z.string()),
  names: z.array(z.string()),
  /** All its networks are internal: it reaches the other services alone. */
  internal: z.boolean(),
  ports: z.array(z.number()),
  dependsOn: z.array(dependency),
  service: serviceSchema,
})
export type PlannedService = z.infer<typeof plannedService>

const plannedVolume = z.object({
  key: z.string(),
  name: z.string(),
  external: z.boolean(),
  sizeMiB: z.number().nullable(),
})
export type PlannedVolume = z.infer<typeof plannedVolume>

/** What a compose file asks for. Services stand in the order in which they are started. */
export const composePlan = z.object({ services: z.array(plannedService), volumes: z.array(plannedVolume) })
export type ComposePlan = z.infer<typeof composePlan>

/**
 * What the services of a compose file are.
 * @param name of the stack; undefined: the file says it
 * @param files what stands in those that `env_file` names
 * @throws ApiError `invalid_request` with the path of what is wrong or not supported, and what to do
 */
export function planOf(
  text: string,
  variables: Readonly<Record<string, string>>,
  name: string | undefined,
  files: Readonly<Record<string, string>> = {},
): { name: string; plan: ComposePlan } {
  const { stack, file } = readCompose(text, variables, name)
  const names = Object.keys(file.services)
  if (names.length === 0) throw refused('services', 'has no service')
  if (names.length > stackServicesMax)
    throw refused('services', `has ${names.length} services, and a stack has at most ${stackServicesMax}`)
  const services = Object.entries(file.services).map(([key, of]) => plannedOf(key, of, file, stack, files))
  const volumes = volumesOf(file, stack)
  for (const one of services) {
    for (const [at, { volume }] of one.mounts.entries()) {
      if (!volumes.some(({ key }) => key === volume))
        throw refused(
          `services.${one.name}.volumes[${at}]`,
          `there is no ${volume} below volumes: add it there`,
        )
    }
  }
  return {
    name: stack,
    plan: {
      services: inOrder(services),
      volumes: volumes.filter(({ key }) =>
        services.some(({ mounts }) => mounts.some(({ volume }) => volume === key)),
      ),
    },
  }
}

/** Reads a compose file, before anything is looked for that it names. */
export function readCompose(
  text: string,
  variables: Readonly<Record<string, string>>,
  name: string | undefined,
): { stack: string; file: ComposeFile } {
  const file = check(composeFile, withoutExtensions(interpolate(mappingOf(text), variables)))
  const stack = name ?? file.name
  if (stack === undefined) throw refused('name', 'is missing: name the stack in the call or in the file')
  return { stack, file }
}

function mappingOf(text: string): Plain {
  try {
    return readYaml(text)
  } catch (error) {
    if (error instanceof YamlProblem) throw refused('', error.message)
    throw error
  }
}

/** The template of a service: what it names, or what is built for it. */
export function imageOf(stack: string, name: string, { image, build }: ComposeService): string {
  if (build !== undefined) return templateOfBuild(stack, name, image)
  if (image === undefined) throw refused(`services.${name}`, 'must have an image or a build')
  return image
}

function plannedOf(
  name: string,
  of: ComposeService,
  file: ComposeFile,
  stack: string,
  files: Readonly<Record<string, string>>,
): PlannedService {
  const path = `services.${name}`
  const networks = of.networks ?? { [usual]: [] }
  if (Object.keys(networks).length === 0)
    throw refused(`${path}.networks`, 'names no network: leave it out, or name one')
  for (const network of Object.keys(networks)) {
    if (network !== usual && !Object.hasOwn(file.networks ?? {}, network))
      throw refused(`${path}.networks.${network}`, 'is not below networks: add it there')
  }
  if ((of.ports?.length ?? 0) > 32) throw refused(`${path}.ports`, 'has more than 32 ports')
  if ((of.volumes?.length ?? 0) > volumeMountsMax)
    throw refused(`${path}.volumes`, `has more than ${volumeMountsMax} volumes`)
  const within = of.deploy?.resources?.limits
  const stated = {
    cpus: of.cpus ?? within?.cpus,
    memoryMiB: of.mem_limit ?? within?.memory,
    pids: of.pids_limit ?? within?.pids,
    diskMiB: of.storage_opt?.size,
  }
  const limits = Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined))
  const planned = {
    name,
    image: imageOf(stack, name, of),
    built: of.build !== undefined,
    env: check(environment, environmentOf(path, of, files), `${path}.environment`),
    limits: check(limitsRequest, limits, path),
    mounts: (of.volumes ?? []).map((mount) => ({ ...mount })),
    networks: Object.keys(networks),
    names: [...new Set([name, ...Object.values(networks).flat()])],
    internal: Object.keys(networks).every((network) => file.networks?.[network]?.internal === true),
    ports: [...new Set(of.ports ?? [])],
    dependsOn: Object.entries(of.depends_on ?? {}).map(([service, how]) => ({ service, ...how })),
    service: check(serviceSchema, serviceOf(of), path),
  }
  if (planned.names.length > 16) throw refused(`${path}.networks`, 'has more than 16 names together')
  return planned
}

function serviceOf(of: ComposeService): object {
  const [policy, retries] = (of.restart ?? 'no').split(':')
  const stated = {
    entrypoint: empty(of.entrypoint),
    command: empty(of.command),
    cwd: of.working_dir,
    user: of.user,
    restart: policy,
    retries: retries === undefined ? undefined : Number(retries),
    healthcheck: healthcheckOf(of.healthcheck),
  }
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined))
}

/** An empty command is none. */
const empty = (words: readonly string[] | undefined) => (words?.length === 0 ? undefined : words)

function healthcheckOf(of: ComposeService['healthcheck']): object | null | undefined {
  if (of === undefined) return undefined
  if (of.disable || of.test === null) return null
  const stated = {
    test: of.test,
    intervalSeconds: of.interval,
    timeoutSeconds: of.timeout,
    startPeriodSeconds: of.start_period,
    retries: of.retries,
  }
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined))
}

function volumesOf(file: ComposeFile, stack: string): PlannedVolume[] {
  return Object.entries(file.volumes ?? {}).map(([key, of]) => {
    const external = of?.external === true
    const name = of?.name ?? (external ? key : `${stack}_${key}`)
    return {
      ...{ key, external, sizeMiB: of?.driver_opts?.size ?? null },
      name: check(displayName, name, `volumes.${key}.name`),
    }
  })
}

/** Each after those that it depends on. */
function inOrder(services: readonly PlannedService[]): PlannedService[] {
  const done: PlannedService[] = []
  const rest = [...services]
  for (const { name, dependsOn } of services) {
    for (const { service } of dependsOn) {
      const path = `services.${name}.depends_on.${service}`
      if (!services.some((one) => one.name === service)) throw refused(path, 'is no service of this file')
    }
  }
  while (rest.length > 0) {
    const at = rest.findIndex(({ dependsOn }) =>
      dependsOn.every(({ service }) => done.some(({ name }) => name === service)),
    )
    if (at < 0)
      throw refused(
        `services.${rest[0]?.name}.depends_on`,
        `goes in a circle: ${rest.map(({ name }) => name).join(', ')} wait for one another`,
      )
    done.push(...rest.splice(at, 1))
  }
  return done
}

function withoutExtensions(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(withoutExtensions)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, one]) => [key, withoutExtensions(one)]),
  )
}
