'use client'

import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { CopyButton } from '../../../components/ui/copy'
import type { OpenApi } from '../../../lib/protocol-openapi'
import { curlOf, pythonOf, typescriptOf } from './examples'
import type { ApiCall } from './openapi'

/** Names of programs and languages, which are the same everywhere. */
const languages = [
  { language: 'curl', of: curlOf },
  { language: 'TypeScript', of: typescriptOf },
  { language: 'Python', of: pythonOf },
] as const

/** How programs make a call, in one of several languages. */
export function Examples({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const id = useId()
  const [chosen, setChosen] = useState<string>(languages[0].language)
  const { of } = languages.find(({ language }) => language === chosen) ?? languages[0]
  const text = of(api, call)
  return (
    <section className="grid min-w-0 gap-1.5">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="flex-1 font-medium">{t('reference.example')}</h3>
        <label htmlFor={id} className="sr-only">
          {t('reference.exampleLanguage')}
        </label>
        <select
          id={id}
          value={chosen}
          onChange={({ target }) => setChosen(target.value)}
          className="h-8 rounded-md border border-edge bg-surface px-2 pr-7 pointer-coarse:h-10"
        >
          {languages.map(({ language }) => (
            <option key={language} value={language}>
              {language}
            </option>
          ))}
        </select>
        <CopyButton text={text} what={t('reference.theExample')} />
      </div>
      <pre className="whitespace-pre-wrap rounded-md border border-line bg-surface p-3 text-xs [overflow-wrap:anywhere]">
        {text}
      </pre>
    </section>
  )
}
