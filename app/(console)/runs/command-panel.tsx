'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { CopyButton } from '../../components/ui/copy'
import { Panel } from '../../components/ui/panel'
import { Scroll } from '../../components/ui/scroll'
import { cliOf, curlOf, sdkOf } from './commands'
import type { RunRequest } from './draft'

const ways = { curl: 'curl', sdk: 'SDK', cli: 'CLI' } as const
type Way = keyof typeof ways

/** What would do the same from elsewhere. */
export function CommandPanel({ request }: { request: RunRequest }) {
  const t = useTranslations()
  const [way, setWay] = useState<Way>('curl')
  const [origin, setOrigin] = useState('')
  // The server draws the page as well, and does not know by which name it is reached.
  useEffect(() => setOrigin(window.location.origin), [])
  const texts = { curl: curlOf(request, origin), sdk: sdkOf(request, origin), cli: cliOf(request) }
  const text = texts[way]
  return (
    <Panel
      title={t('runs.runVia')}
      className="mt-5"
      action={text !== null && <CopyButton text={text} what={t('runs.theCommand', { way: ways[way] })} />}
    >
      <div className="grid gap-3 p-4">
        <div className="flex flex-wrap gap-1">
          {(['curl', 'sdk', 'cli'] as const).map((name) => (
            <Button
              key={name}
              look="quiet"
              size="small"
              aria-pressed={name === way}
              onClick={() => setWay(name)}
              className={name === way ? 'bg-hover text-ink' : ''}
            >
              {ways[name]}
            </Button>
          ))}
        </div>
        {text === null ? (
          <p className="text-muted">{t('runs.cliLimits')}</p>
        ) : (
          <Scroll label={t('runs.command', { way: ways[way] })} className="max-h-72 px-3 py-2">
            <pre className="font-mono text-xs leading-5">{text}</pre>
          </Scroll>
        )}
        {way === 'cli' && text !== null && (
          <p className="text-muted text-xs">
            {t.rich('runs.cliLogin', { code: (words) => <code className="font-mono">{words}</code> })}
          </p>
        )}
      </div>
    </Panel>
  )
}
