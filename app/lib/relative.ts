import type { Locale } from './locale'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * How far away a time is, in the largest unit that fits: `in 3 hours`, `2 days ago`. Cut, not rounded, so that what is said to be
 * left is left.
 *
 * @param ms until then; negative when it has passed
 */
export function relative(ms: number, locale: Locale): string {
  const [unit, unitMs] = unitOf(Math.abs(ms))
  return new Intl.RelativeTimeFormat(locale).format(Math.trunc(ms / unitMs), unit)
}

function unitOf(ms: number): [Intl.RelativeTimeFormatUnit, number] {
  if (ms < minuteMs) return ['second', 1000]
  if (ms < hourMs) return ['minute', minuteMs]
  return ms < 2 * dayMs ? ['hour', hourMs] : ['day', dayMs]
}

/** What a clock somewhere shows, such as `2026-11-28T15:00`, as the language of the page writes it. */
export function wallClock(local: string, locale: Locale): string {
  const format = new Intl.DateTimeFormat(locale, {
    ...{ dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23', timeZone: 'UTC' },
  })
  return format.format(new Date(`${local}Z`))
}
