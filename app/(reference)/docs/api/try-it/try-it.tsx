'use client'

import { type ReactNode, type SyntheticEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../../components/ui/button'
import { Confirm, type Question } from '../../../../components/ui/confirm'
import { AreaField, SelectField } from '../../../../components/ui/field'
import { Notice } from '../../../../components/ui/notice'
import type { OpenApi } from '../../../../lib/protocol-openapi'
import { useSession } from '../../../../lib/session'
import { useExplain } from '../../../../lib/use-explain'
import { type ApiCall, answerTypesOf, bodyOf, exampleOf, fieldsBelow } from '../openapi'
import { AnswerView } from './answer-view'
import { BodyRemarks } from './body-remarks'
import { ParameterField } from './parameter-field'
import { type Draft, keyOf, requestOf, wrongBody, wrongValues } from './request'
import { useExchange } from './use-exchange'

/** A form that sends a call with the session of the page, and shows its answer. */
export function TryIt({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const explain = useExplain()
  const { tenant } = useSession()
  const body = useMemo(() => bodyOf(call), [call])
  const types = answerTypesOf(call)
  const [draft, setDraft] = useState<Draft>(() => ({
    ...{ values: {}, file: null, accept: types.length > 1 ? (types[0] ?? '') : '' },
    body: body?.type === 'application/json' ? JSON.stringify(exampleOf(api, body.schema), null, 2) : '',
  }))
  // Said from the first try on: nobody is told off while they still type.
  const [tried, setTried] = useState(false)
  const [question, setQuestion] = useState<Question | null>(null)
  const area = useRef<HTMLDivElement>(null)
  const form = useRef<HTMLFormElement>(null)
  const { answer, error, busy, send, stop } = useExchange()
  const wrong = wrongValues(call, draft)
  const broken = body?.type === 'application/json' ? wrongBody(draft.body) : undefined
  const isChange = call.method !== 'GET'
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }))

  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    setTried(true)
    if (wrong.size > 0 || broken !== undefined) {
      setFocusWrong(true)
      return
    }
    const { url, init } = requestOf(call, draft)
    if (!isChange) {
      void send(url, init)
      return
    }
    setQuestion({
      title: t('reference.tryIt.ask', { method: call.method }),
      text: t.rich('reference.tryIt.askText', {
        ...{ summary: call.summary, tenant: tenant.name, url },
        code: (text) => <code className="text-ink [overflow-wrap:anywhere]">{text}</code>,
      }),
      action: t('reference.tryIt.send'),
      look: call.method === 'DELETE' ? 'danger' : 'primary',
      // The answer is waited for on the page, where it can be stopped.
      run: async () => void send(url, init),
    })
  }

  const [focusWrong, setFocusWrong] = useState(false)
  useEffect(() => {
    if (!focusWrong) return
    setFocusWrong(false)
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [focusWrong])

  // The server names fields of the body and parameters alike. What both have is a field of the body.
  const fields = new Set(body === undefined ? [] : fieldsBelow(api, body.schema).map(({ name }) => name))
  const names = new Set(call.parameters.map(({ name }) => name).filter((name) => !fields.has(name)))
  const remarks = answer?.remarks ?? []
  const said = (name: string) =>
    names.has(name) ? remarks.find(({ field }) => field === name)?.message : undefined
  return (
    <section className="grid gap-3" aria-label={t('reference.tryIt.title')}>
      <h3 className="font-medium">{t('reference.tryIt.title')}</h3>
      <form ref={form} noValidate onSubmit={submit} className="grid gap-3">
        {call.parameters.length > 0 && (
          <div className="grid gap-3 sm:grid-cols-2">
            {call.parameters.map((one) => (
              <ParameterField
                key={keyOf(one)}
                of={one}
                value={draft.values[keyOf(one)] ?? ''}
                error={(tried && explained(wrong.get(keyOf(one)), explain)) || said(one.name)}
                onChange={(value) => change({ values: { ...draft.values, [keyOf(one)]: value } })}
              />
            ))}
          </div>
        )}
        {body?.type === 'application/json' && (
          <div ref={area} className="grid gap-1">
            <AreaField
              label={t('reference.tryIt.jsonBody')}
              rows={Math.min(Math.max(draft.body.split('\n').length, 4), 16)}
              value={draft.body}
              error={tried && broken ? t('reference.tryIt.noJson', { line: String(broken.line) }) : undefined}
              onChange={({ target }) => change({ body: target.value })}
            />
            <BodyRemarks
              remarks={remarks.filter(({ field }) => !names.has(field))}
              body={draft.body}
              area={area}
            />
          </div>
        )}
        {body !== undefined && body.type !== 'application/json' && (
          <FileBody type={body.type} onChange={(file) => change({ file })} />
        )}
        {types.length > 1 && (
          <SelectField
            label={t('reference.tryIt.accept')}
            value={draft.accept}
            onChange={({ target }) => change({ accept: target.value })}
          >
            {types.map((type) => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </SelectField>
        )}
        <Row>
          <Button type="submit" look="primary" busy={busy} disabled={body?.type === 'multipart/form-data'}>
            {t('reference.tryIt.send')}
          </Button>
          {busy && <Button onClick={stop}>{t('reference.tryIt.stop')}</Button>}
          <span className="text-muted text-xs">{t('reference.tryIt.as', { tenant: tenant.name })}</span>
        </Row>
      </form>
      {error !== null && <Notice tone="bad">{explain(error)}</Notice>}
      {answer && <AnswerView answer={answer} name={call.operationId} />}
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </section>
  )
}

const explained = (error: Error | undefined, explain: (error: unknown) => string) =>
  error === undefined ? undefined : explain(error)

function Row({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap items-center gap-2">{children}</div>
}

/** A body of bytes is a file. A form of several parts is left to the examples. */
function FileBody({ type, onChange }: { type: string; onChange: (file: Blob | null) => void }) {
  const t = useTranslations()
  if (type === 'multipart/form-data') return <p className="text-muted">{t('reference.tryIt.noForm')}</p>
  return (
    <label className="grid gap-1">
      <span className="font-medium">{t('reference.tryIt.file', { type })}</span>
      <input
        type="file"
        onChange={({ target }) => onChange(target.files?.[0] ?? null)}
        className="h-8 max-w-full text-xs"
      />
    </label>
  )
}
