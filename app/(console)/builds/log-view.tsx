'use client'

import headless, { type Terminal } from '@xterm/headless'
import { memo, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type LogLine, linesOf } from './log-lines'

/** As large as the terminal that the step has. */
const size = { cols: 120, rows: 40 }
/** Lines that are shown; a browser slows down with more. */
const maxLines = 2000
/** Of a text that comes whole: more would not be shown. */
const textMax = 1024 ** 2

/** What a step prints, as a terminal shows it: colours, and progress bars that are drawn over. */
export function LogView({ label, text }: { label: string; text: string }) {
  const t = useTranslations()
  const { lines, isCut } = useLines(text)
  const box = useRef<HTMLElement>(null)
  const follows = useRef(true)
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each line that comes
  useEffect(() => {
    const now = box.current
    if (now !== null && follows.current) now.scrollTop = now.scrollHeight
  }, [lines])
  return (
    <section
      ref={box}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < 40
      }}
      className="max-h-[28rem] overflow-auto border-line border-t bg-ground px-4 py-3"
    >
      {isCut && <p className="mb-2 text-muted text-xs">{t('builds.cut')}</p>}
      <pre className="whitespace-pre-wrap break-words font-mono text-xs leading-5">
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are told apart by where they stand
          <Line key={at} line={line} />
        ))}
      </pre>
    </section>
  )
}

const Line = memo(
  ({ line }: { line: LogLine }) => (
    <>
      {line.spans.map(({ text, style }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: so are characters
        <span key={at} style={style}>
          {text}
        </span>
      ))}
      {'\n'}
    </>
  ),
  (before, now) => before.line.key === now.line.key,
)

function useLines(text: string): { lines: readonly LogLine[]; isCut: boolean } {
  const [lines, setLines] = useState<readonly LogLine[]>([])
  const terminal = useRef<{ xterm: Terminal; fed: number } | null>(null)
  useEffect(() => {
    // Without a screen, for only what it understands of the text is taken. The one of the workspace is loaded there alone.
    const xterm = new headless.Terminal({
      ...size,
      scrollback: maxLines - size.rows,
      convertEol: true,
      allowProposedApi: true,
    })
    terminal.current = { xterm, fed: 0 }
    return () => {
      terminal.current = null
      xterm.dispose()
    }
  }, [])
  useEffect(() => {
    const now = terminal.current
    if (now === null) return
    const from = now.fed === 0 ? Math.max(0, text.length - textMax) : now.fed
    now.fed = text.length
    now.xterm.write(text.slice(from), () => {
      if (terminal.current === now) setLines(linesOf(now.xterm.buffer.normal))
    })
  }, [text])
  return { lines, isCut: text.length > textMax || lines.length >= maxLines }
}
