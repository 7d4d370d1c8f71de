'use client'

import { Wrench } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import { useStore } from '../../terminal/use-store'
import { useHelp } from './context'
import { ListPanel } from './list-panel'

/** What a language server can do about a line. */
export default function FixesPanel() {
  const t = useTranslations()
  const { line, fixes } = useStore(useHelp().fixes) ?? { line: 0, fixes: [] }
  return (
    <ListPanel title={t('language.fixesOf', { line: String(line) })} count={fixes.length}>
      <ul>
        {fixes.map((fix, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two may have the same words, and none moves
          <li key={at}>
            <button
              type="button"
              data-line
              onClick={fix.choose}
              className="flex w-full items-baseline gap-2 px-3 py-1 text-left hover:bg-hover focus-visible:-outline-offset-2 pointer-coarse:py-2"
            >
              <Wrench aria-hidden className="size-3.5 shrink-0 translate-y-0.5 text-accent" />
              <span className="min-w-0 break-words">{oneLine(fix.title, 200)}</span>
              {fix.preferred && (
                <span className="ml-auto shrink-0 text-muted">{t('language.preferred')}</span>
              )}
            </button>
          </li>
        ))}
      </ul>
    </ListPanel>
  )
}
