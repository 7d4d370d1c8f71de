import { percentile, type Row } from './samples.js'

/**
 * The table as Markdown, one block for each metric. The ratio is to the first row of the block, Cloche's own:
 * 12 says that the peer takes twelve times as long, or holds as much, or does a twelfth of the work.
 */
export function markdown(rows: readonly Row[]): string {
  const metrics = [...new Set(rows.map(({ metric }) => metric))]
  return metrics
    .map((metric) => {
      const block = rows.filter((row) => row.metric === metric)
      const [first] = block
      const own = first === undefined ? Number.NaN : percentile(first.values, 0.5)
      const unit = first?.unit ?? 'ms'
      const lines = block.map((row) => `| ${row.subject} | ${cells(row, own).join(' | ')} |`)
      return [
        `**${metric}** (${unit})`,
        '',
        '| | median | p99 | ratio | n |',
        '| --- | --: | --: | --: | --: |',
        ...lines,
      ].join('\n')
    })
    .join('\n\n')
}

function cells({ values, unit, why }: Row, own: number): string[] {
  if (values.length === 0) return [`not measured: ${why ?? 'nothing came'}`, '', '', '0']
  const median = percentile(values, 0.5)
  const ratio = unit.endsWith('/s') ? own / median : median / own
  const ends = values.length < 3 ? '' : round(percentile(values, 0.99))
  return [round(median), ends, Number.isFinite(ratio) ? round(ratio) : '', String(values.length)]
}

const round = (value: number) =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
