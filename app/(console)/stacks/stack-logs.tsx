'use client'

import { useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Panel } from '../../components/ui/panel'

/** Lines that are shown; a browser slows down with more. */
const maxLines = 2000
/** Lines are drawn together this often: programs may print faster than a page can be drawn. */
const drawMs = 100
const lineMax = 2000

interface Line {
  readonly key: number
  readonly service: string
  readonly text: string
}

/** What a program prints is text here: colours and other orders to terminals are left out. */
const plain = (line: string) =>
  line
    .replaceAll(/\p{Cc}\[[0-9;?]*[A-Za-z]/gu, '')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, lineMax)

const logged = z.object({ service: z.string(), text: z.string() })

/** What the services of a stack print, as they print it. */
export function StackLogs({ id, names }: { id: string; names: readonly string[] }) {
  const t = useTranslations()
  const lines = useLines(id)
  const box = useRef<HTMLElement>(null)
  const follows = useRef(true)
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each line that comes
  useEffect(() => {
    const now = box.current
    if (now !== null && follows.current) now.scrollTop = now.scrollHeight
  }, [lines])
  const width = Math.max(...names.map((name) => name.length))
  return (
    <Panel title={t('stacks.logs')} className="mt-5">
      {lines.length === 0 ? (
        <p className="px-4 py-6 text-muted">{t('stacks.noLogs')}</p>
      ) : (
        <section
          ref={box}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: without it, nobody can scroll it by keyboard
          tabIndex={0}
          aria-label={t('stacks.logs')}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            follows.current = scrollHeight - scrollTop - clientHeight < 40
          }}
          className="max-h-96 overflow-auto px-4 py-3"
        >
          <pre className="font-mono text-xs leading-5">
            {lines.map(({ key, service, text }) => (
              <span key={key}>
                <span className="select-none text-muted">{`${service.padEnd(width)}  `}</span>
                {`${text}\n`}
              </span>
            ))}
          </pre>
        </section>
      )}
    </Panel>
  )
}

function useLines(id: string): readonly Line[] {
  const [lines, setLines] = useState<readonly Line[]>([])
  useEffect(() => {
    let kept: Line[] = []
    let count = 0
    let drawing: ReturnType<typeof setTimeout> | undefined
    const draw = () => {
      drawing = undefined
      setLines(kept)
    }
    // It goes on after the last event that it has, when the connection was lost.
    const source = new EventSource(`/api/v1/stacks/${encodeURIComponent(id)}/logs`)
    source.addEventListener('log', ({ data }: MessageEvent<string>) => {
      const { service, text } = logged.parse(JSON.parse(data))
      const fresh = text
        .replace(/\n$/, '')
        .split('\n')
        .map((line): Line => ({ key: count++, service, text: plain(line) }))
      kept = [...kept, ...fresh].slice(-maxLines)
      drawing ??= setTimeout(draw, drawMs)
    })
    return () => {
      source.close()
      clearTimeout(drawing)
    }
  }, [id])
  return lines
}
