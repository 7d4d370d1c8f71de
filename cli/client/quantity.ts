import { UsageError } from '../command.js'

const mebibytesIn: Readonly<Record<string, number>> = {
  b: 1 / 1024 ** 2,
  k: 1 / 1024,
  m: 1,
  g: 1024,
  t: 1024 ** 2,
}

/**
 * A size such as `512`, `512m`, `1g` or `1.5GiB`, as Docker takes it: units are powers of 1024. A plain number
 * is in MiB.
 *
 * @returns MiB
 * @throws UsageError when it is no size, or not a whole number of MiB
 */
export function mebibytesOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, number = '', unit = 'm'] = text.match(/^(\d+(?:\.\d+)?) ?([bkmgt])?(?:i?b)?$/i) ?? []
  const mebibytes = Number(number) * (mebibytesIn[unit.toLowerCase()] ?? Number.NaN)
  if (number === '' || !(mebibytes > 0))
    throw new UsageError(
      `--${flag} must be a size such as 512m or 1g (a plain number is in MiB), not ${text}`,
    )
  if (!Number.isInteger(mebibytes))
    throw new UsageError(`--${flag} must be a whole number of MiB; ${text} is ${mebibytes} MiB`)
  return mebibytes
}

const secondsIn: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * A time such as `90`, `90s`, `15m`, `2h` or `1d`. A plain number is in seconds.
 *
 * @returns seconds
 * @throws UsageError
 */
export function secondsOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, number = '', unit = 's'] = text.match(/^(\d+(?:\.\d+)?) ?(ms|[smhd])?$/i) ?? []
  const seconds = Number(number) * (secondsIn[unit.toLowerCase()] ?? Number.NaN)
  if (number !== '' && seconds > 0) return seconds
  throw new UsageError(
    `--${flag} must be a time such as 30s, 15m or 2h (a plain number is in seconds), not ${text}`,
  )
}
