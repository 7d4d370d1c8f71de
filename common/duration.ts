/** Of a duration as Go, Docker and Compose write it. */
const units: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
}
const whole = /^(?:\d+(?:\.\d+)?(?:h|ms|us|µs|ns|m|s))+$/
const part = /(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g

/** Seconds of a duration such as `1m30s` or `500ms`; undefined for anything else. */
export function durationSeconds(text: string): number | undefined {
  if (text === '0') return 0
  if (text.length > 64 || !whole.test(text)) return undefined
  let seconds = 0
  for (const [, amount, unit] of text.matchAll(part)) seconds += Number(amount) * (units[unit ?? ''] ?? 0)
  return seconds
}
