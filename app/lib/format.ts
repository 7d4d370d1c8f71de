const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `1.5 GiB`: three digits at most. */
export function bytes(value: number): string {
  let scaled = Math.max(0, value)
  let unit = 0
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1024
    unit++
  }
  return `${digits(scaled, unit)} ${units[unit]}`
}

function digits(value: number, unit: number): string {
  if (unit === 0 || value >= 99.95) return value.toFixed(0)
  return value >= 9.995 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(2).replace(/\.?0+$/, '')
}

export function mebibytes(value: number): string {
  return bytes(value * 1024 * 1024)
}

export function perSecond(value: number): string {
  return `${bytes(value)}/s`
}

/** `½ CPU` reads badly in a column: `0.5 CPU`, `2 CPUs`. */
export function cpus(value: number): string {
  return `${Number(value.toFixed(2))} ${value > 1 ? 'CPUs' : 'CPU'}`
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en')} ${value === 1 ? one : many}`
}

/** How long, in the largest unit that fits: `42 s`, `5 min`, `3 h`, `12 d`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

/** How long a program took: `850 µs`, `12.3 ms`, `1.25 s`. */
export function microseconds(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`
  return us < 999_500 ? `${digits(us / 1000, 1)} ms` : `${digits(us / 1_000_000, 1)} s`
}

const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const minute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' })

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const shortDay = new Intl.DateTimeFormat('en', { month: 'short', day: 'numeric' })

/** `15:00`, for an axis. */
export function timeOfDay(ms: number): string {
  return clock.format(ms)
}

/** `Nov 28`, for an axis. */
export function monthDay(ms: number): string {
  return shortDay.format(ms)
}

export function date(iso: string): string {
  return day.format(new Date(iso))
}

export function dateTime(iso: string): string {
  return minute.format(new Date(iso))
}

/**
 * Text that a program or another person chose, made safe to show in one line: control and direction-changing characters
 * out, and not endless. React escapes the rest.
 */
export function oneLine(text: string, max = 80): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return plain.length > max ? `${plain.slice(0, max - 1)}…` : plain
}

/** A message of the node, which begins small and has no full stop, where it stands by itself. */
export function sentence(text: string): string {
  const whole = /[.!?…]$/.test(text) ? text : `${text}.`
  return `${whole.charAt(0).toUpperCase()}${whole.slice(1)}`
}
