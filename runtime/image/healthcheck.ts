import { type Healthcheck, healthBounds, healthcheck } from '../../protocol/api/index.js'

/** What the configuration of an image says of its health; times in nanoseconds, 0 for the usual. */
export interface StatedHealthcheck {
  readonly Test?: readonly string[] | null | undefined
  readonly Interval?: number | null | undefined
  readonly Timeout?: number | null | undefined
  readonly StartPeriod?: number | null | undefined
  readonly Retries?: number | null | undefined
}

/** @returns null when it says none, or what cannot be run: its image is of use all the same */
export function healthcheckOf(stated: StatedHealthcheck | null | undefined): Healthcheck | null {
  const [kind, ...rest] = stated?.Test ?? []
  const test = kind === 'CMD' ? rest : kind === 'CMD-SHELL' ? ['/bin/sh', '-c', rest.join(' ')] : []
  if (test.length === 0) return null
  const within = (of: keyof typeof healthBounds, value: number) => {
    const { least, most, usual } = healthBounds[of]
    return value === 0 ? usual : Math.min(most, Math.max(least, value))
  }
  const seconds = (of: keyof typeof healthBounds, nanoseconds: number | null | undefined) =>
    within(of, (nanoseconds ?? 0) / 1e9)
  const { data } = healthcheck.safeParse({
    test,
    intervalSeconds: seconds('interval', stated?.Interval),
    timeoutSeconds: seconds('timeout', stated?.Timeout),
    startPeriodSeconds: seconds('startPeriod', stated?.StartPeriod),
    retries: Math.round(within('retries', stated?.Retries ?? 0)),
  })
  return data ?? null
}
