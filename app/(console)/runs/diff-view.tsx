import { Scroll } from '../../components/ui/scroll'
import { cn } from '../../lib/cn'
import type { CompareMode } from '../../lib/protocol'
import { type DiffRow, diff, pairs } from './diff'

/** More lines than anybody reads, and than a browser lays out at once. */
const linesMax = 1000

const compared: Record<CompareMode, string> = {
  exact: 'compared byte for byte',
  trimmed: 'trailing whitespace ignored',
  tokens: 'all whitespace differences ignored',
  numeric: 'numbers compared with a tolerance of 1e-6',
}

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
  const rows = pairs(diff(expected, got, compare))
  const differing = rows.filter(({ differs }) => differs).length
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-muted text-xs">
        {differing === 1 ? '1 line differs' : `${differing} lines differ`}; {compared[compare]}
      </figcaption>
      <Scroll label="Expected and actual output" className="max-h-80">
        <table className="w-full table-fixed font-mono text-xs leading-5 [&_td]:break-words [&_td]:px-2 [&_td]:py-0 [&_td]:whitespace-pre-wrap">
          <thead className="sticky top-0 bg-ground font-sans">
            <tr className="border-line border-b text-left [&_th]:px-2 [&_th]:py-1">
              <th scope="col" className="w-9">
                <span className="sr-only">Line</span>
              </th>
              <th scope="col" className="font-medium">
                Expected output
              </th>
              <th scope="col" className="font-medium">
                Your output
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
          Showing the first {linesMax.toLocaleString('en')} of {rows.length.toLocaleString('en')} lines.
        </p>
      )}
    </figure>
  )
}

function Row({ row: { expected, got, differs }, number }: { row: DiffRow; number: number }) {
  return (
    <tr className="align-top">
      <th
        scope="row"
        className={cn('select-none px-2 text-right font-normal', differs ? 'text-bad' : 'text-muted')}
      >
        <span aria-hidden>{differs ? '≠' : number}</span>
        <span className="sr-only">{differs ? `Line ${number} differs` : `Line ${number}`}</span>
      </th>
      <td className={cn(differs && 'bg-accent-soft')}>{shownText(expected, differs)}</td>
      <td className={cn('border-line border-l', differs && 'bg-bad-soft')}>{shownText(got, differs)}</td>
    </tr>
  )
}

function shownText(text: string | null, differs: boolean) {
  if (text === null) return <span className="font-sans text-muted italic">missing</span>
  return differs ? seen(text) : text
}

/** White space at the end of a line that differs may be all the difference. */
function seen(text: string): string {
  return text.replace(/\s+$/u, (space) =>
    space.replaceAll(' ', '·').replaceAll('\t', '→').replaceAll('\r', '␍'),
  )
}
