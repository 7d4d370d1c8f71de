import { z } from 'zod'
import type { BuildOptions, Service } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'

const storedHealthcheck = z.object({
  test: z.array(z.string()).min(1),
  intervalSeconds: z.number(),
  timeoutSeconds: z.number(),
  startPeriodSeconds: z.number(),
  retries: z.number(),
})
/** How it is found out whether a service works, as it was accepted once. */
export type StoredHealthcheck = z.infer<typeof storedHealthcheck>

/** The program that a sandbox is for, as its record keeps it, and what has become of it. */
export const serviceRecord = z.object({
  args: z.array(z.string()).min(1),
  cwd: z.string().nullable(),
  user: z.string(),
  restart: z.enum(['no', 'on-failure', 'always', 'unless-stopped']).catch('no'),
  retries: z.number().nullable(),
  healthcheck: storedHealthcheck.nullable(),
  /** Whether it is to run while its sandbox does. */
  wanted: z.boolean(),
  /** That it is, or is about to be, or was last. */
  process: z.string().nullable().default(null),
  startedAt: z.iso.datetime().nullable().default(null),
  /** It has ended, and is not started again before its sandbox is. */
  ended: z.boolean().default(false),
  exitCode: z.number().nullable().default(null),
  restarts: z.number().default(0),
})
export type ServiceRecord = z.infer<typeof serviceRecord>

/** What an image says of the program that its sandboxes are for. A template from a recipe says nothing. */
type OfImage = Pick<NonNullable<LocalTemplate['image']>, 'entrypoint' | 'cmd' | 'healthcheck' | 'labels'>
const nothing: OfImage = { entrypoint: [], cmd: [], healthcheck: null, labels: {} }

/** Labels of a template whose sandboxes begin with a service, and of what tells that it works. */
const startLabels = { start: 'cloche.start', ready: 'cloche.ready' } as const

/** The labels that stand for options of a build. */
export const labelsOf = ({
  start,
  ready,
}: Pick<BuildOptions, 'start' | 'ready'>): Record<string, string> => ({
  ...(start === undefined ? {} : { [startLabels.start]: start }),
  ...(ready === undefined ? {} : { [startLabels.ready]: ready }),
})

const inShell = (command: string) => ['/bin/sh', '-c', command]
/** As with a health check of Docker, but that a slow start is no failure. */
const readyCheck = { intervalSeconds: 30, timeoutSeconds: 30, startPeriodSeconds: 300, retries: 3 } as const

const startOf = (image: OfImage | null | undefined): string | undefined =>
  image?.labels[startLabels.start] || undefined

/** The labels stand for what an image says otherwise. */
function programOf(image: OfImage | null | undefined): Omit<OfImage, 'labels'> {
  const { entrypoint, cmd, healthcheck, labels } = image ?? nothing
  const [start, ready] = [startOf(image), labels[startLabels.ready]]
  return {
    ...(start === undefined ? { entrypoint, cmd } : { entrypoint: inShell(start), cmd: [] }),
    healthcheck: ready ? { test: inShell(ready), ...readyCheck } : healthcheck,
  }
}

/**
 * The service of a new sandbox: the one that is asked for, or else what its template starts.
 * @throws RuntimeRefusal `invalid_request` when nobody says what is to run
 */
export function serviceFor(
  wanted: (Service & { readonly wanted: boolean }) | undefined,
  image: OfImage | null | undefined,
): ServiceRecord | null {
  if (wanted !== undefined) return serviceOf(wanted, image)
  if (startOf(image) === undefined) return null
  return serviceOf({ user: 'user', restart: 'no', wanted: true }, image)
}

/**
 * What is written down of a service that is asked for.
 * @param image of the sandbox's template, as far as there is one
 * @throws RuntimeRefusal `invalid_request` when nobody says what is to run
 */
function serviceOf(
  wanted: Service & { readonly wanted: boolean },
  image: OfImage | null | undefined,
): ServiceRecord {
  const { entrypoint, cmd, healthcheck } = programOf(image)
  const given = wanted.command ?? (wanted.entrypoint === undefined ? cmd : [])
  const args = [...(wanted.entrypoint ?? entrypoint), ...given]
  if (args.length === 0) {
    throw new RuntimeRefusal(
      'invalid_request',
      'the image of this sandbox says no program: name one as the command of its service',
    )
  }
  return serviceRecord.parse({
    ...{ args, cwd: wanted.cwd ?? null, user: wanted.user, restart: wanted.restart },
    ...{ retries: wanted.retries ?? null, wanted: wanted.wanted },
    healthcheck: wanted.healthcheck === undefined ? healthcheck : wanted.healthcheck,
  })
}
