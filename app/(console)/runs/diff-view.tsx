import { Scroll } from '../../components/ui/scroll'
import { cn } from '../../lib/cn'
import type { CompareMode } from '../../lib/protocol'
import { diff } from './diff'

const looks = {
  same: { sign: ' ', said: '', className: '' },
  expected: { sign: '−', said: 'expected: ', className: 'bg-accent-soft' },
  got: { sign: '+', said: 'got: ', className: 'bg-bad-soft' },
} as const

/** More lines than anybody reads, and than a browser lays out at once. */
const linesMax = 1000

/** Expected and got, line by line: by sign and by colour, and in words for a screen reader. */
export function DiffView({
  expected,
  got,
  compare,
}: {
  expected: string
  got: string
  compare: CompareMode
}) {
  const lines = diff(expected, got, compare)
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 text-muted text-xs">
        <span className="font-mono">−</span> expected, <span className="font-mono">+</span> got
        {compare === 'trimmed' ? '' : `, compared as ${compare}`}
      </figcaption>
      <Scroll label="Expected and got" className="max-h-80 py-1">
        <ul className="w-max min-w-full font-mono text-xs leading-5">
          {lines.slice(0, linesMax).map(({ kind, text }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else, and never move
            <li key={at} className={cn('whitespace-pre px-3', looks[kind].className)}>
              <span aria-hidden className="mr-2 select-none">
                {looks[kind].sign}
              </span>
              <span className="sr-only">{looks[kind].said}</span>
              {kind === 'same' ? text : seen(text)}
            </li>
          ))}
        </ul>
      </Scroll>
      {lines.length > linesMax && (
        <p className="mt-1 text-muted text-xs">
          The first {linesMax} lines of {lines.length}.
        </p>
      )}
    </figure>
  )
}

/** White space at the end of a line that differs may be all the difference. */
function seen(text: string): string {
  return text.replace(/\s+$/u, (space) =>
    space.replaceAll(' ', '·').replaceAll('\t', '→').replaceAll('\r', '␍'),
  )
}
