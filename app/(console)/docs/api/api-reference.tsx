'use client'

import { BookOpen } from 'lucide-react'
import { useState } from 'react'
import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import { PageHead, Panel } from '../../../components/ui/panel'
import { SearchField } from '../../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { read } from '../../../lib/api'
import { type OpenApi, openApi } from '../../../lib/protocol-openapi'
import { CallItem } from './call-item'
import { callsOf, isAbout } from './openapi'

/** Every call of the API, written from the OpenAPI document that this server gives. */
export function ApiReference() {
  const t = useTranslations()
  const api = useSWR<OpenApi, Error>('/api/openapi.json', (path: string) => read(openApi, path))
  const [words, setWords] = useState('')
  return (
    <>
      <PageHead title={t('pages.reference')}>
        {t.rich('reference.intro', {
          code: (text) => <code>{text}</code>,
          link: (text) => (
            <a className="text-accent underline" href="/api/openapi.json">
              {text}
            </a>
          ),
        })}
      </PageHead>
      <SearchField
        label={t('reference.search')}
        placeholder={t('reference.searchExample')}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        className="mb-4 max-w-md"
      />
      {api.data ? (
        <Groups api={api.data} words={words} />
      ) : (
        <Panel>
          {api.error ? <Failed error={api.error} retry={() => api.mutate()} /> : <SkeletonRows rows={8} />}
        </Panel>
      )}
    </>
  )
}

function Groups({ api, words }: { api: OpenApi; words: string }) {
  const t = useTranslations()
  const groups = api.tags
    .map((tag) => ({ ...tag, calls: callsOf(api, tag.name).filter((call) => isAbout(call, words)) }))
    .filter(({ calls }) => calls.length > 0)
  if (groups.length === 0) {
    return (
      <Panel>
        <Empty icon={BookOpen} title={t('reference.none')}>
          {t('reference.noneText')}
        </Empty>
      </Panel>
    )
  }
  return (
    <div className="grid gap-5">
      {groups.map(({ name, description, calls }) => (
        <Panel key={name} title={`${name[0]?.toUpperCase()}${name.slice(1)}`}>
          <p className="border-line border-b px-4 py-2.5 text-muted">{description}</p>
          <ul className="divide-y divide-line">
            {calls.map((call) => (
              <CallItem key={call.operationId} api={api} call={call} />
            ))}
          </ul>
        </Panel>
      ))}
    </div>
  )
}
