'use client'

import { Camera } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { oneLine } from '../../lib/format'
import { type Sandbox, snapshotList } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { text, useSubmit } from '../../lib/use-submit'
import { snapshotsPath, useSnapshotActions } from '../../snapshots/actions'
import { treeOf } from '../../snapshots/tree'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { Dialog, DialogBody } from '../ui/dialog'
import { Field } from '../ui/field'
import { Notice } from '../ui/notice'
import { Empty, Failed, SkeletonRows } from '../ui/states'
import { SnapshotRow } from './snapshot-row'

/** Snapshots of the tenant as a tree, and what can be done with them for one sandbox. */
export function SnapshotsDialog({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('snapshots.title')}
      description={t('snapshots.text')}
      wide
    >
      <Content sandbox={sandbox} onClose={onClose} />
    </Dialog>
  )
}

function Content({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  const actions = useSnapshotActions()
  const { data, error, mutate } = useResource(snapshotsPath, snapshotList, { everyMs: 10_000 })
  const [question, setQuestion] = useState<Question | null>(null)
  const ask = (about: 'restore' | 'delete' | 'createFrom', name: string, run: () => Promise<void>) =>
    setQuestion({
      title: t(`snapshots.ask.${about}`, { name: oneLine(name) }),
      text: t(`snapshots.askText.${about}`, { sandbox: oneLine(sandbox.name) }),
      action: t(`snapshots.${about}`),
      run,
    })
  return (
    <>
      <DialogBody>
        <TakeForm sandbox={sandbox} />
        {!data && error && <Failed error={error} retry={() => mutate()} />}
        {!data && !error && <SkeletonRows rows={3} />}
        {data?.items.length === 0 && (
          <Empty icon={Camera} title={t('snapshots.none')}>
            {t('snapshots.noneText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <ul
            aria-label={t('snapshots.title')}
            className="divide-y divide-line rounded-lg border border-line"
          >
            {treeOf(data.items).map((leaf) => (
              <SnapshotRow
                key={leaf.snapshot.id}
                leaf={leaf}
                current={sandbox.snapshot === leaf.snapshot.id}
                onRestore={() =>
                  ask('restore', leaf.snapshot.name, () => actions.restore(sandbox, leaf.snapshot))
                }
                onCreate={() =>
                  ask('createFrom', leaf.snapshot.name, async () => {
                    await actions.createFrom(leaf.snapshot)
                    onClose()
                  })
                }
                onDelete={() => ask('delete', leaf.snapshot.name, () => actions.remove(leaf.snapshot))}
              />
            ))}
          </ul>
        )}
      </DialogBody>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

function TakeForm({ sandbox }: { sandbox: Sandbox }) {
  const t = useTranslations()
  const actions = useSnapshotActions()
  const [taken, setTaken] = useState(0)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await actions.take(sandbox, text(form, 'name').trim())
    setTaken((count) => count + 1)
  })
  return (
    <form onSubmit={submit} className="grid gap-3">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-48 flex-1">
          <Field
            key={taken}
            label={t('snapshots.name')}
            name="name"
            maxLength={64}
            autoComplete="off"
            placeholder={t('snapshots.nameHint')}
            error={fieldError('name')}
          />
        </div>
        <Button type="submit" look="primary" busy={busy}>
          <Camera aria-hidden />
          {t('snapshots.take')}
        </Button>
      </div>
    </form>
  )
}
