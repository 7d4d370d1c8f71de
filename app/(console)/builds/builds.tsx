'use client'

import { Hammer, Plus } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Dialog } from '../../components/ui/dialog'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { oneLine } from '../../lib/format'
import { type Build, build } from '../../lib/protocol-builds'
import { useResource } from '../../lib/resource'
import { BuildBadge } from './state'
import { useTook } from './took'

const BuildForm = lazy(() => import('./build-form').then((loaded) => ({ default: loaded.BuildForm })))

const buildList = z.object({ items: z.array(build) })

/** The builds of the tenant, newest first, and the form of a new one. */
export function Builds() {
  const t = useTranslations()
  const router = useRouter()
  const { data, error, mutate } = useResource('/builds', buildList, { everyMs: 3000 })
  const [open, setOpen] = useState(false)
  const start = (
    <Button look="primary" onClick={() => setOpen(true)}>
      <Plus aria-hidden />
      {t('builds.new')}
    </Button>
  )
  return (
    <>
      <PageHead title={t('pages.builds')} action={data && data.items.length > 0 && start}>
        {t('builds.text')}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={Hammer} title={t('builds.none')} action={start}>
            {t('builds.noneText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <Table
            label={t('pages.builds')}
            head={[
              ...[t('builds.template'), t('builds.state'), t('builds.started')],
              ...[t('builds.took'), t('builds.createdBy')],
            ]}
          >
            {data.items.map((one) => (
              <Row key={one.id} build={one} />
            ))}
          </Table>
        )}
      </Panel>
      <Dialog open={open} onOpenChange={setOpen} title={t('builds.new')} wide>
        <Suspense fallback={<SkeletonRows rows={4} />}>
          <BuildForm onStarted={({ template, id }) => router.push(`/builds/${template}/${id}`)} />
        </Suspense>
      </Dialog>
    </>
  )
}

function Row({ build: { id, template, status, error, createdAt, endedAt, createdBy } }: { build: Build }) {
  const took = useTook()
  return (
    <tr>
      <td className="max-w-60 truncate font-medium">
        <Link href={`/builds/${template}/${id}`} className="hover:underline">
          {template}
        </Link>
      </td>
      <td>
        <BuildBadge state={status} />
        {status === 'failed' && error !== null && (
          <p className="mt-0.5 max-w-96 break-words text-muted text-xs">{oneLine(error, 300)}</p>
        )}
      </td>
      <td className="whitespace-nowrap text-muted">
        <Age since={createdAt} />
      </td>
      <td className="tabular whitespace-nowrap text-muted">
        {endedAt !== null && took(Date.parse(endedAt) - Date.parse(createdAt))}
      </td>
      <td className="max-w-40 truncate text-muted text-xs">{oneLine(createdBy ?? '–', 254)}</td>
    </tr>
  )
}
