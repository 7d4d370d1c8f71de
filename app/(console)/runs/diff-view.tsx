import { useTranslations } from 'use-intl'
import { Scroll } from '../../components/ui/scroll'
import { cn } from '../../lib/cn'
import type { CompareMode } from '../../lib/protocol-runs'
import { useFormat } from '../../lib/use-format'
import { type DiffRow, diff, pairs } from './diff'

/** More lines than anybody reads, and than a browser lays out at once. */
const linesMax = 1000

/**
 * Expected and actual output beside each other, as online judges show them: a `-` and `+` diff is read both ways. What
 * differs has a sign and a colour, and is said to screen readers.
 */
export function DiffView({
  expected,
  got,
  compare,
}: {
  expected: string
  got: string
  compare: CompareMode
}) {
  const t = useTranslations()
  const { number } = useFormat()
  const rows = pairs(diff(expected, got, compare))
  const differing = rows.filter(({ differs }) => differs).length
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-muted text-xs">
        {t('runs.differ', { count: differing, how: t(`runs.compared.${compare}`) })}
      </figcaption>
      <Scroll label={t('runs.expectedAndActual')} className="max-h-80">
        <table className="w-full table-fixed font-mono text-xs leading-5 [&_td]:break-words [&_td]:px-2 [&_td]:py-0 [&_td]:whitespace-pre-wrap">
          <thead className="sticky top-0 bg-ground font-sans">
            <tr className="border-line border-b text-left [&_th]:px-2 [&_th]:py-1">
              <th scope="col" className="w-9">
                <span className="sr-only">{t('runs.line')}</span>
              </th>
              <th scope="col" className="font-medium">
                {t('runs.expected')}
              </th>
              <th scope="col" className="font-medium">
                {t('runs.actual')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, linesMax).map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else, and never move
              <Row key={at} row={row} number={at + 1} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > linesMax && (
        <p className="mt-1 text-muted text-xs">
          {t('runs.firstLines', { shown: number(linesMax), total: number(rows.length) })}
        </p>
      )}
    </figure>
  )
}

function Row({ row: { expected, got, differs }, number }: { row: DiffRow; number: number }) {
  const t = useTranslations()
  return (
    <tr className="align-top">
      <th
        scope="row"
        className={cn('select-none px-2 text-right font-normal', differs ? 'text-bad' : 'text-muted')}
      >
        <span aria-hidden>{differs ? '≠' : number}</span>
        <span className="sr-only">
          {t(differs ? 'runs.lineDiffers' : 'runs.lineNumber', { number: String(number) })}
        </span>
      </th>
      <td className={cn(differs && 'bg-accent-soft')}>
        <LineText text={expected} differs={differs} />
      </td>
      <td className={cn('border-line border-l', differs && 'bg-bad-soft')}>
        <LineText text={got} differs={differs} />
      </td>
    </tr>
  )
}

function LineText({ text, differs }: { text: string | null; differs: boolean }) {
  const t = useTranslations()
  if (text === null) return <span className="font-sans text-muted italic">{t('runs.missing')}</span>
  return differs ? seen(text) : text
}

/** White space at the end of a line that differs may be all the difference. */
function seen(text: string): string {
  return text.replace(/\s+$/u, (space) =>
    space.replaceAll(' ', '·').replaceAll('\t', '→').replaceAll('\r', '␍'),
  )
}
