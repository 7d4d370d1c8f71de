'use client'

import { ExternalLink, Play, Square, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { type StackService, stackWithFile } from '../../lib/protocol-stacks'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { StackLogs } from './stack-logs'
import { StateBadge } from './state'

/** One stack: its services with their states and previews, and what they print. */
export function StackPage({ id }: { id: string }) {
  const t = useTranslations()
  const router = useRouter()
  const toast = useToast()
  const explain = useExplain()
  const [question, setQuestion] = useState<Question | null>(null)
  const { data, error, mutate } = useResource(`/stacks/${id}`, stackWithFile, { everyMs: 2000 })
  if (!data) {
    return (
      <Panel>{error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />}</Panel>
    )
  }
  const { name, state, problem, services } = data
  const act = async (action: 'start' | 'stop') => {
    try {
      await mutate(await call(stackWithFile, `/stacks/${id}/${action}`, { method: 'POST' }), {
        revalidate: false,
      })
    } catch (failure) {
      toast.failed(new Error(explain(failure)))
    }
  }
  const remove = () =>
    setQuestion({
      title: t('stacks.askDelete', { name }),
      text: t('stacks.askDeleteText'),
      action: t('stacks.delete'),
      run: async () => {
        await order(`/stacks/${id}`, { method: 'DELETE' })
        toast.done(t('stacks.deleted', { name }))
        router.push('/stacks')
      },
    })
  const isDown = state === 'stopped' || state === 'failed' || state === 'degraded'
  return (
    <>
      <PageHead
        title={name}
        action={
          <div className="flex flex-wrap gap-2">
            {isDown && (
              <Button onClick={() => void act('start')}>
                <Play aria-hidden />
                {t('stacks.start')}
              </Button>
            )}
            {state !== 'stopped' && state !== 'stopping' && state !== 'deleting' && (
              <Button onClick={() => void act('stop')}>
                <Square aria-hidden />
                {t('stacks.stop')}
              </Button>
            )}
            <Button onClick={remove} disabled={state === 'deleting'}>
              <Trash2 aria-hidden />
              {t('stacks.delete')}
            </Button>
          </div>
        }
      >
        <StateBadge state={state} />
      </PageHead>
      {problem !== null && (
        <p role="alert" className="mb-4 whitespace-pre-wrap break-words text-bad">
          {oneLine(problem, 1000)}
        </p>
      )}
      <Panel>
        <Table
          label={t('stacks.services')}
          head={[t('stacks.service'), t('stacks.state'), t('stacks.previews'), t('stacks.restarts')]}
        >
          {services.map((service) => (
            <ServiceRow key={service.name} service={service} />
          ))}
        </Table>
      </Panel>
      <StackLogs id={id} names={services.map((one) => one.name)} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

function ServiceRow({ service }: { service: StackService }) {
  const t = useTranslations()
  const { name, sandbox, state, exitCode, problem, ports, restarts } = service
  return (
    <tr>
      <td className="font-medium">
        {sandbox === null ? (
          name
        ) : (
          <Link href={`/sandboxes/${sandbox}`} className="hover:underline">
            {name}
          </Link>
        )}
      </td>
      <td>
        <StateBadge state={state} exitCode={exitCode} />
        {problem !== null && (
          <p className="mt-0.5 max-w-96 break-words text-muted text-xs">{oneLine(problem, 300)}</p>
        )}
      </td>
      <td>
        <ul className="grid gap-0.5">
          {ports.map(({ port, url }) => (
            <li key={port}>
              {url === null ? (
                port
              ) : (
                <a
                  href={url}
                  target="_blank"
                  rel="noreferrer"
                  className="inline-flex items-center gap-1 hover:underline [&>svg]:size-3.5"
                >
                  {t('stacks.port', { port: String(port) })}
                  <ExternalLink aria-hidden />
                </a>
              )}
            </li>
          ))}
        </ul>
      </td>
      <td className="tabular-nums text-muted">{restarts}</td>
    </tr>
  )
}
