import { constants } from 'node:os'
import { z } from 'zod'
import type { Healthcheck } from '../../protocol/api/index.js'
import { bounds } from './bounds.js'
import { badImage } from './error.js'
import { healthcheckOf } from './healthcheck.js'
import { parsed } from './json.js'
import { machine } from './manifest.js'

const text = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, 'must not contain NUL')
const words = z.array(text).max(1024).nullish()
const configuration = z.object({
  architecture: z.string(),
  os: z.string().default('linux'),
  rootfs: z.object({
    type: z.literal('layers'),
    diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not a SHA-256 digest')),
  }),
  config: z
    .object({
      User: text.nullish(),
      Env: z.array(text).max(1024).nullish(),
      Entrypoint: words,
      Cmd: words,
      WorkingDir: text.nullish(),
      StopSignal: text.nullish(),
      Labels: z.record(z.string(), text).nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Volumes: z.record(text, z.unknown()).nullish(),
      Healthcheck: z
        .object({
          ...{ Test: words, Interval: z.number().nullish(), Timeout: z.number().nullish() },
          ...{ StartPeriod: z.number().nullish(), Retries: z.number().nullish() },
        })
        .nullish(),
    })
    .nullish(),
})

/** An image's configuration, with what it leaves out. @see https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly diffIds: readonly string[]
  /** As it is written: a name or a number, and perhaps a group. */
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  /** Absolute. */
  readonly workingDirectory: string
  readonly stopSignal: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly string[]
  readonly healthcheck: Healthcheck | null
  /** Directories for what a program keeps, absolute. */
  readonly volumes: readonly string[]
}

/** @throws RuntimeRefusal `invalid_request` */
export function readConfig(bytes: Buffer): ImageConfig {
  const { architecture, os, rootfs, config } = parsed(configuration, bytes, 'the configuration')
  if (os !== 'linux' || architecture !== machine) {
    throw badImage(`it is for ${os}/${architecture}, and this machine is linux/${machine}`)
  }
  const workingDirectory = config?.WorkingDir || '/'
  if (!workingDirectory.startsWith('/'))
    throw badImage(`its working directory ${JSON.stringify(workingDirectory)} is not absolute`)
  return {
    ...{ diffIds: rootfs.diff_ids, user: config?.User ?? '', env: environmentOf(config?.Env ?? []) },
    ...{ entrypoint: config?.Entrypoint ?? [], cmd: config?.Cmd ?? [], workingDirectory },
    stopSignal: signalOf(config?.StopSignal || 'SIGTERM'),
    labels: config?.Labels ?? {},
    ports: Object.keys(config?.ExposedPorts ?? {}).slice(0, 256),
    healthcheck: healthcheckOf(config?.Healthcheck),
    volumes: volumesOf(Object.keys(config?.Volumes ?? {})),
  }
}

function environmentOf(entries: readonly string[]): Record<string, string> {
  const env = new Map<string, string>()
  let bytes = 0
  for (const entry of entries) {
    const at = entry.indexOf('=')
    if (at <= 0)
      throw badImage(`its environment has ${JSON.stringify(entry.slice(0, 100))}, which has no name`)
    bytes += Buffer.byteLength(entry)
    env.set(entry.slice(0, at), entry.slice(at + 1))
  }
  if (bytes > bounds.environmentBytes)
    throw badImage(`its environment is larger than ${bounds.environmentBytes} bytes`)
  return Object.fromEntries(env)
}

function volumesOf(stated: readonly string[]): string[] {
  if (stated.length > bounds.volumes) throw badImage(`it has more than ${bounds.volumes} volumes`)
  const wrong = stated.find((path) => !path.startsWith('/') || Buffer.byteLength(path) > bounds.pathBytes)
  if (wrong === undefined) return [...new Set(stated)].toSorted()
  throw badImage(`its volume ${JSON.stringify(wrong.slice(0, 100))} is no absolute path`)
}

/** Signals that the kernel hands to programs as they are. */
const realTime = /^RTMIN(?:\+(\d+))?$/

/** The name of a signal that a process can be sent. Of real-time signals the number stands for a name. */
export function signalOf(stated: string): string {
  const name = stated.toUpperCase().replace(/^SIG/, '')
  const number = /^\d+$/.test(name) ? Number(name) : rtNumber(name)
  const known = Object.entries(constants.signals).find(
    ([one, value]) => one === `SIG${name}` || value === number,
  )
  if (known !== undefined) return known[0]
  if (number !== undefined && number >= 32 && number <= 64) return String(number)
  throw badImage(`its stop signal ${JSON.stringify(stated.slice(0, 40))} is none`)
}

function rtNumber(name: string): number | undefined {
  const found = realTime.exec(name)
  // Of the 32, glibc and musl keep the first ones for themselves: the first that programs see is 34.
  return found === null ? undefined : 34 + Number(found[1] ?? 0)
}
