import { percentile, type Row } from './samples.js'

const width = 720
const labelWidth = 260
const barHeight = 22

/** Bars of the medians of one metric, on a logarithmic scale: peers differ by orders of magnitude. */
export function bars(metric: string, rows: readonly Row[]): string {
  const shown = rows
    .filter((row) => row.metric === metric && row.values.length > 0)
    .map(({ subject, unit, values }) => ({ subject, unit, median: percentile(values, 0.5) }))
  const largest = Math.max(...shown.map(({ median }) => median))
  const smallest = Math.min(...shown.map(({ median }) => median)) / 2
  const length = (value: number) =>
    largest === smallest
      ? 1
      : Math.max(2, (Math.log(value / smallest) / Math.log(largest / smallest)) * (width - labelWidth - 90))
  const lines = shown.map(({ subject, unit, median }, i) => {
    const y = 34 + i * barHeight
    const colour = subject.startsWith('Cloche') ? '#0f766e' : '#94a3b8'
    return [
      `<text x="${labelWidth - 8}" y="${y + 11}" text-anchor="end">${asText(subject)}</text>`,
      `<rect x="${labelWidth}" y="${y}" width="${length(median).toFixed(1)}" height="15" rx="2" fill="${colour}"/>`,
      `<text x="${(labelWidth + length(median) + 6).toFixed(1)}" y="${y + 11}">${median.toFixed(2)} ${unit}</text>`,
    ].join('')
  })
  return svg(metric, 44 + shown.length * barHeight, lines)
}

/** A metric over the number of live sandboxes; subjects end in `, N alive`. */
export function curve(title: string, rows: readonly Row[]): string {
  const points = rows
    .map(({ subject, values }) => ({
      alive: Number(/(\d+) alive$/.exec(subject)?.[1]),
      median: percentile(values, 0.5),
    }))
    .filter(({ alive, median }) => Number.isFinite(alive) && Number.isFinite(median))
  const [right, top] = [
    Math.max(...points.map(({ alive }) => alive)),
    Math.max(...points.map(({ median }) => median)) * 1.2,
  ]
  const x = (alive: number) => 60 + (alive / right) * (width - 120)
  const y = (median: number) => 240 - (median / top) * 190
  const path = points.map(
    ({ alive, median }, i) => `${i === 0 ? 'M' : 'L'}${x(alive).toFixed(1)} ${y(median).toFixed(1)}`,
  )
  const marks = points.map(
    ({ alive, median }) =>
      `<circle cx="${x(alive).toFixed(1)}" cy="${y(median).toFixed(1)}" r="4" fill="#0f766e"/><text x="${x(alive).toFixed(1)}" y="${(y(median) - 10).toFixed(1)}" text-anchor="middle">${median.toFixed(1)} ms</text><text x="${x(alive).toFixed(1)}" y="262" text-anchor="middle">${alive}</text>`,
  )
  return svg(title, 275, [
    `<path d="${path.join('')}" fill="none" stroke="#0f766e" stroke-width="2"/>`,
    ...marks,
  ])
}

const svg = (title: string, height: number, lines: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">` +
  `<rect width="100%" height="100%" fill="white"/><text x="12" y="20" font-weight="bold">${asText(title)}</text>\n${lines.join('\n')}\n</svg>\n`

const asText = (text: string) =>
  text.replace(/[<>&]/g, (c) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[c] ?? c)
