'use client'

import { Printer } from 'lucide-react'
import { useMemo } from 'react'
import { createPortal } from 'react-dom'
import { encode } from 'uqr'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { oneLine } from '../../../lib/format'
import type { ClassDescription, SignInCard } from '../../../lib/protocol-classes'

/** Cards to print and cut, ten on a page of A4. Black on white also on dark pages: a camera has to read them. */
export function CardSheet({
  of,
  cards,
  onDone,
}: {
  of: ClassDescription
  cards: readonly SignInCard[]
  onDone: () => void
}) {
  const t = useTranslations()
  return createPortal(
    <div data-print-sheet className="fixed inset-0 z-50 overflow-y-auto bg-white text-black print:static">
      <div className="sticky top-0 flex flex-wrap items-center gap-3 border-black/20 border-b bg-white p-3 print:hidden">
        <p className="min-w-48 flex-1" role="status">
          {t('classes.cardsMade', { count: cards.length })}
        </p>
        <Button look="primary" autoFocus onClick={() => window.print()}>
          <Printer aria-hidden />
          {t('classes.print')}
        </Button>
        <Button onClick={onDone}>{t('classes.done')}</Button>
      </div>
      <ul
        aria-label={t('classes.cards')}
        className="grid grid-cols-1 gap-px p-4 sm:grid-cols-2 print:grid-cols-2 print:p-0"
      >
        {cards.map((card) => (
          <li
            key={card.student}
            className="flex min-h-[52mm] break-inside-avoid items-center gap-4 border border-black/30 border-dashed p-4"
          >
            <Qr text={new URL(card.url, window.location.origin).href} />
            <div className="grid min-w-0 gap-1">
              <strong className="break-words text-base">{oneLine(card.name)}</strong>
              <span className="break-words text-xs">{oneLine(of.name)}</span>
              <dl className="grid grid-cols-[auto_1fr] gap-x-2 text-xs [&_dd]:break-all [&_dd]:font-mono">
                <dt>{t('classes.cardSite')}</dt>
                <dd>{window.location.origin}</dd>
                <dt>{t('classes.signInName')}</dt>
                <dd>{card.signInName}</dd>
                <dt>{t('classes.code')}</dt>
                <dd className="font-semibold text-sm">{card.code}</dd>
              </dl>
            </div>
          </li>
        ))}
      </ul>
    </div>,
    document.body,
  )
}

function Qr({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(text, { border: 2 })
    const path = data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('')
    return { size, path }
  }, [text])
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      aria-hidden
      className="size-[32mm] shrink-0"
      shapeRendering="crispEdges"
    >
      <path d={path} fill="black" />
    </svg>
  )
}
