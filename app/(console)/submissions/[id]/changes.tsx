'use client'

import { GitCompare } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { SelectField } from '../../../components/ui/field'
import { Panel } from '../../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../../components/ui/states'
import { oneLine } from '../../../lib/format'
import {
  type Submission,
  type SubmissionChange,
  submissionDiff,
  submissionList,
} from '../../../lib/protocol-submissions'
import { useResource } from '../../../lib/resource'
import { PatchView } from './patch-view'

/** So many files are open at once; the others are opened one by one. */
const openMost = 20

/** What differs from the starter files, or from another hand-in of the same student. */
export function Changes({ of, own }: { of: Submission; own: boolean }) {
  const t = useTranslations()
  const [against, setAgainst] = useState('starter')
  const user = own ? '' : `&${new URLSearchParams({ user: of.student.userId })}`
  const others = useResource(`/assignments/${of.assignment}/submissions?limit=200${user}`, submissionList)
  const path = `/submissions/${of.id}/diff?against=${against}`
  const { data, error, mutate } = useResource(path, submissionDiff)
  // Of another comparison, until this one is there.
  const shown = data?.against === against ? data : undefined
  return (
    <Panel
      title={t('handIns.changesTab')}
      action={
        <SelectField
          bare
          label={t('handIns.against')}
          value={against}
          onChange={({ target }) => setAgainst(target.value)}
        >
          <option value="starter">{t('handIns.againstStarter')}</option>
          {others.data?.items
            .filter(({ id }) => id !== of.id)
            .map(({ id, number }) => (
              <option key={id} value={id}>
                {t('handIns.againstNth', { number: String(number) })}
              </option>
            ))}
        </SelectField>
      }
    >
      {!shown && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={4} />)}
      {shown?.changes.length === 0 && (
        <Empty icon={GitCompare} title={t('handIns.noChanges')}>
          {t(against === 'starter' ? 'handIns.noChangesStarter' : 'handIns.noChangesOther')}
        </Empty>
      )}
      {shown && shown.changes.length > 0 && (
        <>
          <p role="status" className="border-line border-b px-4 py-2 text-muted">
            {t('handIns.changes', { count: shown.changes.length, unchanged: shown.unchanged })}
          </p>
          <ul className="divide-y divide-line">
            {shown.changes.map((change, at) => (
              <li key={change.path}>
                <Change of={of} against={against} change={change} open={at < openMost} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  )
}

function Change({
  of,
  against,
  change,
  open,
}: {
  of: Submission
  against: string
  change: SubmissionChange
  open: boolean
}) {
  const t = useTranslations()
  const [isOpen, setOpen] = useState(open)
  const name = oneLine(change.path, 200)
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="px-4 py-2 outline-offset-[-2px]">
        <span className="break-all font-mono text-xs">{name}</span>{' '}
        <span className="text-muted text-xs">{t(`handIns.changeKinds.${change.change}`)}</span>
      </summary>
      {isOpen && <Detail of={of} against={against} change={change} name={name} />}
    </details>
  )
}

function Detail({
  of,
  against,
  change,
  name,
}: {
  of: Submission
  against: string
  change: SubmissionChange
  name: string
}) {
  const t = useTranslations()
  // The answer for all files was long enough: this one is asked for by itself.
  const alone = change.omitted === 'bound'
  const query = new URLSearchParams({ against, path: change.path })
  const { data, error, mutate } = useResource(
    alone ? `/submissions/${of.id}/diff?${query}` : null,
    submissionDiff,
  )
  const shown = alone ? data?.changes[0] : change
  if (!shown) return error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={2} />
  if (shown.patch === null) {
    return <p className="px-4 pb-3 text-muted">{t(`handIns.omitted.${shown.omitted ?? 'different'}`)}</p>
  }
  return <PatchView patch={shown.patch} name={name} />
}
