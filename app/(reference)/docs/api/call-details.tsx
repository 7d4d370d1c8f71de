'use client'

import dynamic from 'next/dynamic'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { CopyButton } from '../../../components/ui/copy'
import { signInPath } from '../../../lib/next'
import type { OpenApi, OpenApiSchema as Schema } from '../../../lib/protocol-openapi'
import { useSessionIfAny } from '../../../lib/session'
import { Examples } from './examples-tabs'
import { type ApiCall, bodyOf, credentialOf, fieldsBelow, nameOf, resolve, typeOf } from './openapi'
import { Prose } from './prose'
import { SchemaTree } from './schema-tree'

const TryIt = dynamic(() => import('./try-it/try-it').then((loaded) => loaded.TryIt), { ssr: false })

/** What an open call shows: its parameters, body and answers, how programs make it, and a form to try it. */
export function CallDetails({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const session = useSessionIfAny()
  const credential = credentialOf(call)
  const here = `/docs/api#${call.operationId}`
  return (
    <div className="grid gap-4 border-line border-t bg-ground px-4 py-4">
      <div className="flex flex-wrap items-start gap-3">
        <p className="min-w-48 flex-1">
          {call.description && <Prose text={call.description} />}
          {credential !== 'key' && (
            <span className="block text-muted">
              {t(credential === 'none' ? 'reference.noKey' : 'reference.onlySession')}
            </span>
          )}
        </p>
        <CopyButton
          text={`${window.location.origin}${here}`}
          what={t('reference.theLink')}
          name={t('reference.copyLink')}
        />
      </div>
      <Parameters call={call} />
      <Body api={api} call={call} />
      <Answers api={api} call={call} />
      <Examples api={api} call={call} />
      {session === null ? (
        <p>
          <Link className="text-accent underline" href={signInPath(here)}>
            {t('reference.signInToTry')}
          </Link>
        </p>
      ) : (
        <TryIt api={api} call={call} />
      )}
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid min-w-0 gap-1.5">
      <h3 className="font-medium">{title}</h3>
      {children}
    </section>
  )
}

function Parameters({ call }: { call: ApiCall }) {
  const t = useTranslations()
  if (call.parameters.length === 0) return null
  return (
    <Part title={t('reference.parameters')}>
      <dl className="grid gap-x-4 gap-y-1.5 sm:grid-cols-[minmax(8rem,auto)_1fr]">
        {call.parameters.map(({ name, in: place, schema, required, description = schema.description }) => (
          <div key={`${place} ${name}`} className="contents">
            <dt>
              <code className="text-xs">{name}</code>{' '}
              <span className="text-muted text-xs">
                {t(required ? 'reference.required' : 'reference.optional')}
              </span>
            </dt>
            <dd className="min-w-0 text-muted text-xs leading-5 [overflow-wrap:anywhere]">
              {typeOf(schema)}
              {schema.default !== undefined &&
                t('reference.defaultValue', { value: JSON.stringify(schema.default) })}
              {` (${t(`reference.places.${place === 'path' || place === 'header' ? place : 'query'}`)})`}
              {description && <Prose text={`: ${description}`} />}
            </dd>
          </div>
        ))}
      </dl>
    </Part>
  )
}

function Body({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  const body = bodyOf(call)
  if (body === undefined) return null
  const { type, schema } = body
  const name = nameOf(schema)
  return (
    <Part title={name === undefined ? t('reference.body') : t('reference.bodyNamed', { name })}>
      {type !== 'application/json' ? (
        <p className="text-muted">
          {t('reference.bodyType', { type })} {call.requestBody?.description}
        </p>
      ) : fieldsBelow(api, schema).length > 0 ? (
        <SchemaTree api={api} of={schema} />
      ) : (
        <p className="text-muted">{typeOf(resolve(api, schema))}</p>
      )}
    </Part>
  )
}

function Answers({ api, call }: { api: OpenApi; call: ApiCall }) {
  const t = useTranslations()
  return (
    <Part title={t('reference.answers')}>
      <ul className="grid gap-1 text-xs leading-5">
        {Object.entries(call.responses).map(([status, { description, content }]) => (
          <li key={status} className="text-muted [overflow-wrap:anywhere]">
            <code className="text-ink">{status === 'default' ? t('reference.other') : status}</code>{' '}
            {description}
            {Object.entries(content ?? {}).map(([type, { schema = {} }]) => (
              <AnswerForm key={type} api={api} type={type} of={schema} />
            ))}
          </li>
        ))}
      </ul>
    </Part>
  )
}

/** A form of an answer: its type, which opens where it has fields. */
function AnswerForm({ api, type, of }: { api: OpenApi; type: string; of: Schema }) {
  const known = nameOf(of) ?? (Object.keys(of).length > 0 ? typeOf(of) : type)
  if (fieldsBelow(api, of).length === 0) return <> · {known}</>
  return (
    <details className="ml-1">
      <summary className="cursor-pointer rounded hover:bg-hover">{known}</summary>
      <div className="mt-1.5 ml-1 border-line border-l pl-3">
        <SchemaTree api={api} of={of} />
      </div>
    </details>
  )
}
