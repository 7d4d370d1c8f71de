'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { CopyButton } from '../../../components/ui/copy'
import { cn } from '../../../lib/cn'
import type { OpenApi, OpenApiSchema as Schema } from '../../../lib/protocol-openapi'
import type { Translate } from '../../../messages/texts'
import { type ApiCall, curlOf, nameOf, resolve, typeOf } from './openapi'
import { Prose } from './prose'

const methodLook: Readonly<Record<string, string>> = {
  GET: 'text-accent',
  DELETE: 'text-bad',
}

/** One call: a line that opens to its parameters, body, answers and an example. */
export function CallItem({ api, call }: { api: OpenApi; call: ApiCall }) {
  const [open, setOpen] = useState(false)
  return (
    <li id={call.operationId}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="flex cursor-pointer flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2.5 hover:bg-hover">
          <span className={cn('w-14 font-medium font-mono text-xs', methodLook[call.method] ?? 'text-warn')}>
            {call.method}
          </span>
          <code className="break-all text-xs">{call.path}</code>
          <span className="text-muted">{call.summary}</span>
        </summary>
        {open && <CallDetails api={api} call={call} />}
      </details>
    </li>
  )
}

function CallDetails({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const [[type, body] = []] = Object.entries(call.requestBody?.content ?? {})
  const parameters = call.parameters.map((one) => ({
    ...{ name: one.name, of: one.schema, required: one.required === true },
    note: t(`reference.places.${one.in === 'path' || one.in === 'header' ? one.in : 'query'}`),
    description: one.description ?? one.schema.description,
  }))
  const curl = curlOf(api, call)
  return (
    <div className="grid gap-4 border-line border-t bg-ground px-4 py-4">
      {call.description && (
        <p className="max-w-3xl">
          <Prose text={call.description} />
        </p>
      )}
      {parameters.length > 0 && <Fields title={t('reference.parameters')} fields={parameters} />}
      {body?.schema && type === 'application/json' && (
        <Fields title={bodyTitle(nameOf(body.schema), t)} fields={fieldsOf(resolve(api, body.schema))} />
      )}
      {type !== undefined && type !== 'application/json' && <p>{t('reference.bodyType', { type })}</p>}
      <Answers api={api} call={call} />
      <figure className="grid gap-1.5">
        <figcaption className="flex items-center justify-between gap-2 font-medium">
          {t('reference.example')}
          <CopyButton text={curl} what={t('reference.theExample')} />
        </figcaption>
        <pre className="whitespace-pre-wrap rounded-md border border-line bg-surface p-3 text-xs [overflow-wrap:anywhere]">
          {curl}
        </pre>
      </figure>
    </div>
  )
}

const bodyTitle = (name: string | undefined, t: Translate) =>
  name === undefined ? t('reference.body') : t('reference.bodyNamed', { name })

interface Field {
  readonly name: string
  readonly of: Schema
  readonly required: boolean
  readonly note?: string
  readonly description: string | undefined
}

const fieldsOf = ({ properties = {}, required = [] }: Schema): readonly Field[] =>
  Object.entries(properties).map(([name, of]) => ({
    ...{ name, of, description: of.description },
    required: required.includes(name) && of.default === undefined,
  }))

function Fields({ title, fields }: { title: string; fields: readonly Field[] }) {
  const t = useTranslations()
  return (
    <section className="grid gap-1.5">
      <h3 className="font-medium">{title}</h3>
      <dl className="grid gap-x-4 gap-y-1.5 sm:grid-cols-[minmax(8rem,auto)_1fr]">
        {fields.map(({ name, of, required, note, description }) => (
          <div key={name} className="contents">
            <dt>
              <code className="text-xs">{name}</code>{' '}
              <span className="text-muted text-xs">
                {t(required ? 'reference.required' : 'reference.optional')}
              </span>
            </dt>
            <dd className="min-w-0 text-muted text-xs leading-5 [overflow-wrap:anywhere]">
              {typeOf(of)}
              {of.default !== undefined && t('reference.defaultValue', { value: JSON.stringify(of.default) })}
              {note && ` (${note})`}
              {description && <Prose text={`: ${description}`} />}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Answers({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const answers = Object.entries(call.responses).map(([status, { description, content }]) => {
    const [[type, json] = []] = Object.entries(content ?? {})
    const of = json?.schema
    const isJson = type === 'application/json' || type === 'application/problem+json'
    const shown =
      of === undefined || !isJson ? type : typeOf(resolve(api, of).properties ? of : resolve(api, of))
    return { status: status === 'default' ? t('reference.other') : status, description, shown }
  })
  return (
    <section className="grid gap-1.5">
      <h3 className="font-medium">{t('reference.answers')}</h3>
      <ul className="grid gap-1 text-muted text-xs leading-5">
        {answers.map(({ status, description, shown }) => (
          <li key={status} className="[overflow-wrap:anywhere]">
            <code className="text-ink">{status}</code> {description}
            {shown && `: ${shown}`}
          </li>
        ))}
      </ul>
    </section>
  )
}
