'use client'

import { Layers } from 'lucide-react'
import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { stackList } from '../../lib/protocol-stacks'
import { useResource } from '../../lib/resource'
import { StateBadge } from './state'

/** What makes the first one. */
const command = 'cloche stack up --file compose.yaml'

/** The stacks of the tenant. */
export function Stacks() {
  const t = useTranslations()
  const { data, error, mutate } = useResource('/stacks?limit=200', stackList, { everyMs: 5000 })
  return (
    <>
      <PageHead title={t('pages.stacks')}>{t('stacks.text')}</PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={Layers} title={t('stacks.none')}>
            {t('stacks.noneText')} <code className="font-mono">{command}</code>
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <Table
            label={t('pages.stacks')}
            head={[t('stacks.name'), t('stacks.state'), t('stacks.services'), t('stacks.age')]}
          >
            {data.items.map(({ id, name, state, services, createdAt }) => (
              <tr key={id}>
                <td className="max-w-60 truncate font-medium">
                  <Link href={`/stacks/${id}`} className="hover:underline">
                    {name}
                  </Link>
                </td>
                <td>
                  <StateBadge state={state} />
                </td>
                <td className="max-w-96 text-muted">{services.map((one) => one.name).join(', ')}</td>
                <td className="whitespace-nowrap text-muted">
                  <Age since={createdAt} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
    </>
  )
}
