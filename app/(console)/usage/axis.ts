/** A unit of what is measured: `size` is how much of the measure's own unit one of it is. */
export interface Unit {
  readonly size: number
  readonly name: string
}

/** The largest unit of which `value` is at least one; the smallest if there is none. */
export function unitFor(value: number, units: readonly Unit[]): Unit {
  const [smallest = { size: 1, name: '' }] = units
  return units.findLast(({ size }) => value >= size) ?? smallest
}

/** `1.25 CPU h`: three digits at most. */
export function withUnit(value: number, units: readonly Unit[]): string {
  const { size, name } = unitFor(value, units)
  return `${digits(value / size)} ${name}`
}

const digits = (value: number): string =>
  value.toLocaleString('en', {
    maximumSignificantDigits: value >= 100 ? 21 : 3,
    maximumFractionDigits: 0,
    roundingPriority: 'morePrecision',
  })

export interface Axis {
  /** The value at the upper end, in the measure's own unit. */
  readonly top: number
  readonly ticks: readonly { readonly share: number; readonly label: string }[]
}

/** An axis from zero to a round number that is not below `max`, with a tick in the middle, in one unit. */
export function axisFor(max: number, units: readonly Unit[]): Axis {
  const unit = unitFor(max, units)
  // Without any use a scale would say nothing.
  if (max <= 0) return { top: unit.size, ticks: [{ share: 0, label: `0 ${unit.name}` }] }
  const top = roundUp(max / unit.size)
  const label = (share: number) => `${digits(top * share)} ${unit.name}`
  return { top: top * unit.size, ticks: [1, 0.5, 0].map((share) => ({ share, label: label(share) })) }
}

/** To 1, 2, 4, 5 or 10 times a power of ten: numbers of which the half is round as well. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 2, 4, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10
  return step * power
}
