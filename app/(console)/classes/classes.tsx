'use client'

import { Plus, School } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel, Table } from '../../components/ui/panel'
import { Empty, Failed, SkeletonRows } from '../../components/ui/states'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { classDescription, classList } from '../../lib/protocol-classes'
import { useResource } from '../../lib/resource'
import { useMay, useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'

/** The classes that somebody is in; of owners and admins all of the tenant. */
export function Classes() {
  const t = useTranslations()
  const { data, error, mutate } = useResource('/classes?limit=200', classList)
  const administers = useMay('admin')
  const student = useSession().tenant.role === 'student'
  const [creating, setCreating] = useState(false)
  const create = administers && (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t('classes.newClass')}
    </Button>
  )
  const head = [
    t('classes.name'),
    t('classes.role'),
    ...(student ? [] : [t('classes.students')]),
    t('classes.timeZone'),
  ]
  return (
    <>
      <PageHead title={t('pages.classes')} action={data && data.items.length > 0 && create}>
        {t('classes.text')}
      </PageHead>
      <Panel>
        {!data && (error ? <Failed error={error} retry={() => mutate()} /> : <SkeletonRows rows={3} />)}
        {data?.items.length === 0 && (
          <Empty icon={School} title={t('classes.noClasses')} action={create}>
            {t(student ? 'classes.noClassesStudent' : 'classes.noClassesText')}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <Table label={t('pages.classes')} head={head}>
            {data.items.map((one) => (
              <tr key={one.id}>
                <td className="font-medium">
                  <Link href={`/classes/${one.id}`} className="underline underline-offset-2">
                    {oneLine(one.name)}
                  </Link>
                  {one.archived && (
                    <span className="ml-2 font-normal text-muted text-xs">{t('classes.archived')}</span>
                  )}
                </td>
                <td>{t(`classes.roles.${one.role}`)}</td>
                {!student && <td>{one.students}</td>}
                <td className="text-muted">{one.timeZone}</td>
              </tr>
            ))}
          </Table>
        )}
      </Panel>
      <Dialog open={creating} onOpenChange={setCreating} title={t('classes.newClass')}>
        <NewClass />
      </Dialog>
    </>
  )
}

function NewClass() {
  const t = useTranslations()
  const router = useRouter()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { name: text(form, 'name'), timeZone: text(form, 'timeZone') }
    const { id } = await call(classDescription, '/classes', { method: 'POST', body })
    router.push(`/classes/${id}`)
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field label={t('classes.name')} name="name" required maxLength={64} error={fieldError('name')} />
        <Field
          label={t('classes.timeZone')}
          hint={t('classes.timeZoneHint')}
          name="timeZone"
          required
          maxLength={64}
          defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone}
          error={fieldError('timeZone')}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t('classes.create')}
        </Button>
      </DialogFooter>
    </form>
  )
}
