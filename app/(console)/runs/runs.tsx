'use client'

import { Play } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { languageList } from '../../lib/protocol'
import { runWithRequest } from '../../lib/protocol-runs'
import { useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'
import { useExplain } from '../../lib/use-explain'
import { draftFrom, draftOf } from './draft'
import { History } from './history'
import { loadDraft } from './stored-draft'
import { Workbench } from './workbench'

/** The page for one-off tasks. `from` is a run whose program it begins with. */
export function Runs({ from }: { from: string | null }) {
  const t = useTranslations()
  const [news, setNews] = useState(0)
  const onNews = useCallback(() => setNews((now) => now + 1), [])
  return (
    <>
      <PageHead title={t('pages.runs')}>{t('runs.audience')}</PageHead>
      <Start key={from} from={from} onNews={onNews} />
      <History news={news} />
    </>
  )
}

function Start({ from, onNews }: { from: string | null; onNews: () => void }) {
  const t = useTranslations()
  const explain = useExplain()
  const { tenant, user } = useSession()
  const draftKey = `${tenant.id}:${user?.id ?? ''}`
  const languages = useResource('/languages', languageList, { everyMs: 30_000 })
  const origin = useResource(
    from === null ? null : `/runs/${encodeURIComponent(from)}?request=true`,
    runWithRequest,
  )
  const items = languages.data?.items
  if (!items) {
    return (
      <Panel>
        {languages.error ? (
          <Failed error={languages.error} retry={() => languages.mutate()} />
        ) : (
          <SkeletonRows rows={6} />
        )}
      </Panel>
    )
  }
  if (items.length === 0) {
    return (
      <Panel>
        <Empty icon={Play} title={t('runs.noLanguages')}>
          {t.rich('runs.noLanguagesText', { code: (words) => <code className="font-mono">{words}</code> })}
        </Empty>
      </Panel>
    )
  }
  if (from !== null && !origin.data && !origin.error) {
    return (
      <Panel>
        <SkeletonRows rows={6} />
      </Panel>
    )
  }
  const request = origin.data?.request
  const begun = request ? draftFrom(request, items) : null
  return (
    <>
      {from !== null && !begun && (
        <div className="mb-3">
          <Notice tone="warn">
            {origin.error ? t('runs.notLoaded', { why: explain(origin.error) }) : t('runs.notSupported')}
          </Notice>
        </div>
      )}
      <Workbench
        languages={items}
        initial={begun ?? loadDraft(draftKey, items) ?? draftOf(items)}
        draftKey={draftKey}
        onNews={onNews}
      />
    </>
  )
}
