'use client'

import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../../components/ui/dialog'
import { Notice } from '../../../components/ui/notice'
import { Failed, SkeletonRows } from '../../../components/ui/states'
import { useToast } from '../../../components/ui/toast'
import { call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import type { ClassDescription } from '../../../lib/protocol-classes'
import { type LtiRosterPreview, ltiRosterPreview } from '../../../lib/protocol-lti'
import { useSubmit } from '../../../lib/use-submit'

interface Props {
  readonly of: ClassDescription
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  readonly onDone: () => void
}

/** Brings the people of the course into the class: what would change, then that. */
export function CourseRosterDialog({ of, open, onOpenChange, onDone }: Props) {
  const t = useTranslations()
  return (
    <Dialog
      wide
      open={open}
      onOpenChange={onOpenChange}
      title={t('lti.preview')}
      description={t('lti.roster.text')}
    >
      {open && (
        <Previewed
          of={of}
          onDone={() => {
            onOpenChange(false)
            onDone()
          }}
        />
      )}
    </Dialog>
  )
}

function Previewed({ of, onDone }: { of: ClassDescription; onDone: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const path = `/classes/${of.id}/course/roster`
  // Read from the platform when the dialog is opened, and not again while somebody looks at it.
  const read = useSWR<LtiRosterPreview, Error>(
    `${path}/preview`,
    (key: string) => call(ltiRosterPreview, key, { method: 'POST', body: {} }),
    {
      revalidateOnFocus: false,
      revalidateOnReconnect: false,
      dedupingInterval: 0,
      shouldRetryOnError: false,
    },
  )
  const preview = read.isValidating ? undefined : read.data
  const failure = read.isValidating ? undefined : read.error
  const { submit, busy, error } = useSubmit(async () => {
    if (preview === undefined) return
    const body = { digest: preview.digest }
    const { added, changed, removed } = await call(ltiRosterPreview, path, { method: 'POST', body })
    toast.done(t('lti.applied', { added: added.length, changed: changed.length, removed: removed.length }))
    onDone()
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        {failure !== undefined && <Failed error={failure} retry={() => read.mutate()} />}
        {preview === undefined && failure === undefined && <SkeletonRows rows={3} />}
        {preview && <Changes preview={preview} />}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy} disabled={preview === undefined}>
          {t('lti.apply')}
        </Button>
      </DialogFooter>
    </form>
  )
}

/** Of each kind so many are listed. */
const listed = 200

function Changes({ preview }: { preview: LtiRosterPreview }) {
  const t = useTranslations()
  const { added, changed, removed, unchanged, skipped } = preview
  const person = ({ name, role }: LtiRosterPreview['added'][number]) =>
    t('lti.roster.person', { name: oneLine(name), role: t(`lti.roles.${role}`) })
  return (
    <div className="grid gap-3">
      <People title={t('lti.roster.added', { count: added.length })} lines={added.map(person)} />
      <People
        title={t('lti.roster.changed', { count: changed.length })}
        lines={changed.map(({ name, from, to }) =>
          t('lti.roster.fromTo', { name: oneLine(name), from: oneLine(from), to: oneLine(to) }),
        )}
      />
      <People bad title={t('lti.roster.removed', { count: removed.length })} lines={removed.map(person)} />
      <p className="text-muted">{t('lti.roster.unchanged', { count: unchanged })}</p>
      {skipped > 0 && <p className="text-muted">{t('lti.roster.skipped', { count: skipped })}</p>}
    </div>
  )
}

function People({ title, lines, bad = false }: { title: string; lines: readonly string[]; bad?: boolean }) {
  if (lines.length === 0) return null
  return (
    <details open={lines.length <= 20}>
      <summary className={bad ? 'font-medium text-bad' : 'font-medium'}>{title}</summary>
      <ul className="mt-1 grid gap-0.5 pl-4 text-muted">
        {lines.slice(0, listed).map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two people may have one name, and the list is never reordered
          <li key={at} className="break-words">
            {line}
          </li>
        ))}
        {lines.length > listed && <li>…</li>}
      </ul>
    </details>
  )
}
