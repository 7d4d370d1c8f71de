'use client'

import { Camera, Ellipsis, HardDrive, Pencil, Plus, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Age } from '../../components/sandbox/age'
import { Button } from '../../components/ui/button'
import { Confirm, type Question } from '../../components/ui/confirm'
import { Menu, MenuItem, MenuLine } from '../../components/ui/menu'
import { Meter } from '../../components/ui/meter'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { useToast } from '../../components/ui/toast'
import { call, order } from '../../lib/api'
import { bytes, oneLine } from '../../lib/format'
import { type Volume, volumeList, volumeSnapshot } from '../../lib/protocol-volumes'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { VolumeDialog } from './volume-dialog'
import { VolumeSnapshots } from './volume-snapshots'

const mib = 1024 ** 2

/** The volumes of the tenant with their size and use, and the snapshots of them. */
export function Volumes() {
  const t = useTranslations()
  const toast = useToast()
  const explain = useExplain()
  const { data, error, mutate } = useResource('/volumes?limit=200', volumeList, { everyMs: 10_000 })
  /** What the dialog is about: a new one, or one that is changed. */
  const [edited, setEdited] = useState<Volume | 'new' | null>(null)
  const [question, setQuestion] = useState<Question | null>(null)
  const [taken, setTaken] = useState(0)
  const create = (
    <Button look="primary" onClick={() => setEdited('new')}>
      <Plus aria-hidden />
      {t('volumes.new')}
    </Button>
  )
  const take = async ({ id, name }: Volume) => {
    try {
      await call(volumeSnapshot, `/volumes/${id}/snapshots`, { method: 'POST', body: {} })
      toast.done(t('volumes.taken', { name: oneLine(name) }))
      setTaken((count) => count + 1)
    } catch (failure) {
      toast.failed(new Error(explain(failure)))
    }
  }
  const remove = ({ id, name }: Volume) =>
    setQuestion({
      title: t('volumes.askDelete', { name: oneLine(name) }),
      text: t('volumes.askDeleteText'),
      action: t('volumes.delete'),
      run: async () => {
        await order(`/volumes/${id}`, { method: 'DELETE' })
        toast.done(t('volumes.deleted', { name: oneLine(name) }))
        await mutate()
      },
    })
  return (
    <>
      <PageHead title={t('pages.volumes')} action={data && data.items.length > 0 && create}>
        {t('volumes.text')}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={HardDrive} title={t('volumes.none')} action={create}>
            {t('volumes.noneText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <Table
            label={t('pages.volumes')}
            head={[
              t('volumes.name'),
              t('volumes.use'),
              t('volumes.sandboxes'),
              t('volumes.age'),
              `·${t('volumes.actions')}`,
            ]}
          >
            {data.items.map((volume) => (
              <Row
                key={volume.id}
                volume={volume}
                onEdit={() => setEdited(volume)}
                onTake={() => void take(volume)}
                onDelete={() => remove(volume)}
              />
            ))}
          </Table>
        )}
      </Panel>
      <VolumeSnapshots refresh={taken} onAsk={setQuestion} onMade={() => void mutate()} />
      <VolumeDialog about={edited} onClose={() => setEdited(null)} onDone={() => void mutate()} />
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

function Row({
  volume,
  onEdit,
  onTake,
  onDelete,
}: {
  volume: Volume
  onEdit: () => void
  onTake: () => void
  onDelete: () => void
}) {
  const t = useTranslations()
  const { usedBytes, usedBy, sizeMiB } = volume
  const name = oneLine(volume.name)
  const size = bytes(sizeMiB * mib)
  return (
    <tr>
      <td className="max-w-60 truncate font-medium">{name}</td>
      <td className="min-w-36">
        <Meter
          label={t('volumes.useOf', { name })}
          share={usedBytes === null ? null : usedBytes / (sizeMiB * mib)}
          text={usedBytes === null ? size : `${bytes(usedBytes)} / ${size}`}
        />
      </td>
      <td>
        <ul className="grid gap-0.5">
          {usedBy.map(({ id, name: sandbox, path, readOnly }) => (
            <li key={`${id} ${path}`} className="max-w-72 truncate">
              <Link href={`/sandboxes/${id}`} className="hover:underline">
                {oneLine(sandbox)}
              </Link>{' '}
              <span className="font-mono text-muted text-xs">
                {oneLine(path, 200)}
                {readOnly && ` ${t('volumes.readOnlyShort')}`}
              </span>
            </li>
          ))}
        </ul>
      </td>
      <td className="whitespace-nowrap text-muted">
        <Age since={volume.createdAt} />
      </td>
      <td className="text-right">
        <Menu
          trigger={
            <Button look="quiet" size="iconSmall" aria-label={t('volumes.actionsFor', { name })}>
              <Ellipsis />
            </Button>
          }
        >
          <MenuItem onSelect={onEdit}>
            <Pencil aria-hidden />
            {t('volumes.edit')}
          </MenuItem>
          <MenuItem onSelect={onTake}>
            <Camera aria-hidden />
            {t('volumes.take')}
          </MenuItem>
          <MenuLine />
          <MenuItem danger onSelect={onDelete}>
            <Trash2 aria-hidden />
            {t('volumes.delete')}
          </MenuItem>
        </Menu>
      </td>
    </tr>
  )
}
