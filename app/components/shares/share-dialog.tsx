'use client'

import { Link2, UserRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { call, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { member, type Sandbox, type Share, type ShareLevel, share, shareCreated } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useSession } from '../../lib/session'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Choice } from '../ui/choice'
import { Confirm, type Question } from '../ui/confirm'
import { CopyButton } from '../ui/copy'
import { Dialog, DialogBody } from '../ui/dialog'
import { SelectField } from '../ui/field'
import { Notice } from '../ui/notice'
import { Secret } from '../ui/secret'
import { Failed, SkeletonRows } from '../ui/states'
import { useToast } from '../ui/toast'

const list = z.object({ shares: z.array(share) })
const members = z.object({ members: z.array(member) })
const times = { hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const
const timeNames = ['hour', 'day', 'week', 'month'] as const
const levels = ['look', 'type'] as const

/** With whom a sandbox is shared: by a link, or with a member, to look or to type. */
export function ShareDialog({ sandbox, onClose }: { sandbox: Sandbox; onClose: () => void }) {
  const t = useTranslations()
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('shares.title', { name: oneLine(sandbox.name) })}
      description={t('shares.text')}
    >
      <Content sandbox={sandbox} />
    </Dialog>
  )
}

function Content({ sandbox }: { sandbox: Sandbox }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const path = `/sandboxes/${sandbox.id}/shares`
  const { data, error, mutate } = useResource(path, list, { everyMs: 10_000 })
  const [made, setMade] = useState<z.infer<typeof shareCreated>>()
  const [question, setQuestion] = useState<Question | null>(null)
  const stop = (id: string) =>
    setQuestion({
      title: t('shares.ask'),
      text: t('shares.askText'),
      action: t('shares.stop'),
      run: async () => {
        await order(`/shares/${id}`, { method: 'DELETE' })
        setMade((one) => (one?.id === id ? undefined : one))
        await mutate()
      },
    })
  return (
    <>
      <DialogBody>
        <Make
          path={path}
          onMade={(one) => {
            setMade(one)
            void mutate()
          }}
        />
        {made?.url && (
          <div className="grid gap-2">
            <Notice tone="info">{t('shares.linkMade', { at: dateTime(made.expiresAt) })}</Notice>
            <Secret label={t('shares.link')} value={new URL(made.url, window.location.origin).href} />
            <div>
              <CopyButton text={new URL(made.url, window.location.origin).href} what={t('shares.theLink')} />
            </div>
          </div>
        )}
        {!data && error && <Failed error={error} retry={() => mutate()} />}
        {!data && !error && <SkeletonRows rows={2} />}
        {data?.shares.length === 0 && <p className="text-muted">{t('shares.none')}</p>}
        {data && data.shares.length > 0 && (
          <ul aria-label={t('shares.shares')} className="divide-y divide-line rounded-lg border border-line">
            {data.shares.map((one) => (
              <Row key={one.id} share={one} onChanged={() => mutate()} onStop={() => stop(one.id)} />
            ))}
          </ul>
        )}
      </DialogBody>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </>
  )
}

function Row({
  share: { id, kind, level, expiresAt, guests },
  onChanged,
  onStop,
}: {
  share: Share
  onChanged: () => Promise<unknown>
  onStop: () => void
}) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  const toast = useToast()
  const change = (wanted: string) =>
    call(share, `/shares/${id}`, { method: 'PATCH', body: { level: wanted } }).then(onChanged, toast.failed)
  const Icon = kind === 'link' ? Link2 : UserRound
  const who = guests
    .map(({ name, email }) => `${oneLine(name)} (${oneLine(email, 254)})`)
    .join(t('common.comma'))
  return (
    <li className="flex items-center gap-3 px-3 py-2">
      <Icon aria-hidden className="size-4 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <p className="break-words">{who || t('shares.nobody')}</p>
        <p className="text-muted text-xs">
          {t('shares.until', { level: t(`shares.levels.${level}`), at: dateTime(expiresAt) })}
        </p>
      </div>
      <SelectField
        bare
        label={t('shares.changeLevel', { who: who || t('shares.nobody') })}
        value={level}
        onChange={(event) => change(event.target.value)}
      >
        {levels.map((one) => (
          <option key={one} value={one}>
            {t(`shares.levels.${one}`)}
          </option>
        ))}
      </SelectField>
      <Button size="small" look="danger" aria-label={t('shares.stopOf')} onClick={onStop}>
        {t('shares.stop')}
      </Button>
    </li>
  )
}

function Make({ path, onMade }: { path: string; onMade: (made: z.infer<typeof shareCreated>) => void }) {
  const t = useTranslations()
  const { user } = useSession()
  const [level, setLevel] = useState<ShareLevel>('look')
  const { data } = useResource('/members', members)
  const others = data?.members.filter(({ userId }) => userId !== user?.id) ?? []
  const { submit, busy, error } = useSubmit(async (form) => {
    const email = text(form, 'member')
    const name = timeNames.find((one) => one === text(form, 'time')) ?? 'week'
    const body = { level, expiresInSeconds: times[name], ...(email === '' ? {} : { member: email }) }
    onMade(await call(shareCreated, path, { method: 'POST', body }))
  })
  return (
    <form onSubmit={submit} className="grid gap-3">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Choice
        label={t('shares.can')}
        value={level}
        onChange={setLevel}
        className="grid-cols-2"
        options={levels.map((value) => ({
          ...{ value, title: t(`shares.levels.${value}`), text: t(`shares.levelTexts.${value}`) },
        }))}
      />
      <div className="grid grid-cols-2 gap-3">
        <SelectField label={t('shares.shareWith')} name="member">
          <option value="">{t('shares.withLink')}</option>
          {others.length > 0 && (
            <optgroup label={t('shares.withMember')}>
              {others.map(({ userId, name, email }) => (
                <option key={userId} value={email}>
                  {oneLine(name)} ({oneLine(email, 254)})
                </option>
              ))}
            </optgroup>
          )}
        </SelectField>
        <SelectField label={t('shares.expires')} name="time" defaultValue="week">
          {timeNames.map((name) => (
            <option key={name} value={name}>
              {t(`shares.hours.${name}`)}
            </option>
          ))}
        </SelectField>
      </div>
      <div>
        <Button type="submit" look="primary" busy={busy}>
          {t('shares.share')}
        </Button>
      </div>
    </form>
  )
}
