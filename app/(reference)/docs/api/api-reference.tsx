'use client'

import { BookOpen, Search } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Keys } from '../../../components/ui/keys'
import { PageHead, Panel } from '../../../components/ui/panel'
import { SearchField } from '../../../components/ui/search-field'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { read } from '../../../lib/api'
import { type OpenApi, openApi } from '../../../lib/protocol-openapi'
import { CallItem } from './call-item'
import { allCalls, callsOf, isAbout } from './openapi'
import { useWantedCall } from './use-wanted-call'

const CallPalette = lazy(() => import('./call-palette').then((loaded) => ({ default: loaded.CallPalette })))

/** Every call of the API, written from the OpenAPI document that this server gives. */
export function ApiReference() {
  const t = useTranslations()
  const api = useSWR<OpenApi, Error>('/api/openapi.json', (path: string) => read(openApi, path), {
    // It changes with an update of the server only.
    revalidateOnFocus: false,
  })
  const [words, setWords] = useState('')
  const [searching, setSearching] = useState(false)
  const { wanted, go, leave } = useWantedCall()
  // A link leads to its call, whatever was searched for.
  useEffect(() => {
    if (wanted && !wanted.id.startsWith(groupPrefix)) setWords('')
  }, [wanted])
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return
      event.preventDefault()
      setSearching(true)
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
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
      <div className="mb-4 flex flex-wrap gap-2">
        <SearchField
          label={t('reference.search')}
          placeholder={t('reference.searchExample')}
          value={words}
          onChange={(event) => {
            setWords(event.target.value)
            leave()
          }}
          className="min-w-56 max-w-md flex-1"
        />
        <Button onClick={() => setSearching(true)}>
          <Search aria-hidden />
          {t('reference.goTo')}
          <span className="max-sm:hidden">
            <Keys keys="Ctrl+K" />
          </span>
        </Button>
      </div>
      {api.data ? (
        <Groups api={api.data} words={words} wanted={wanted} />
      ) : (
        <Panel>
          {api.error ? <Failed error={api.error} retry={() => api.mutate()} /> : <SkeletonRows rows={8} />}
        </Panel>
      )}
      {searching && api.data && (
        <Suspense>
          <CallPalette
            calls={allCalls(api.data)}
            onChoose={({ operationId }) => go(operationId)}
            onClose={() => setSearching(false)}
          />
        </Suspense>
      )}
    </>
  )
}

function Groups({
  api,
  words,
  wanted,
}: {
  api: OpenApi
  words: string
  wanted: { readonly id: string } | null
}) {
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
      <nav aria-label={t('reference.groups')} className="flex flex-wrap gap-x-3">
        {groups.map(({ name }) => (
          <a key={name} href={`#${groupId(name)}`} className="py-0.5 text-accent underline">
            {titleOf(name)}
          </a>
        ))}
      </nav>
      {groups.map(({ name, description, calls }) => (
        <div key={name} id={groupId(name)} className="scroll-mt-14">
          <Panel title={titleOf(name)}>
            <p className="border-line border-b px-4 py-2.5 text-muted">{description}</p>
            <ul className="divide-y divide-line">
              {calls.map((call) => (
                <CallItem
                  key={call.operationId}
                  api={api}
                  call={call}
                  wanted={wanted?.id === call.operationId ? wanted : undefined}
                />
              ))}
            </ul>
          </Panel>
        </div>
      ))}
    </div>
  )
}

const titleOf = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}`
/** No call has a name with a hyphen. */
const groupPrefix = 'group-'
const groupId = (name: string) => `${groupPrefix}${name.replaceAll(' ', '-')}`
