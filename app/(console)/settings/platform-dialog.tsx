'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { AreaField, Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import type { LtiPlatform } from '../../lib/protocol-lti'
import { text, useSubmit } from '../../lib/use-submit'

interface Props {
  readonly of: LtiPlatform | 'new' | null
  readonly onClose: () => void
  readonly onDone: () => void
}

/** Adds a platform by hand, or changes one. */
export function PlatformDialog({ of, onClose, onDone }: Props) {
  const t = useTranslations()
  const title = of === null || of === 'new' ? t('lti.add') : t('lti.changeName', { name: oneLine(of.name) })
  return (
    <Dialog wide open={of !== null} onOpenChange={onClose} title={title} description={t('lti.addText')}>
      {of !== null && (
        <PlatformForm
          of={of === 'new' ? undefined : of}
          onDone={() => {
            onClose()
            onDone()
          }}
        />
      )}
    </Dialog>
  )
}

const urls = ['authUrl', 'tokenUrl', 'jwksUrl'] as const

function PlatformForm({ of, onDone }: { of: LtiPlatform | undefined; onDone: () => void }) {
  const t = useTranslations()
  const toast = useToast()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name')
    const body = {
      name,
      ...Object.fromEntries(urls.map((one) => [one, text(form, one).trim()])),
      deployments: text(form, 'deployments')
        .split('\n')
        .map((one) => one.trim())
        .filter(Boolean),
    }
    if (of !== undefined) await order(`/lti/platforms/${of.id}`, { method: 'PATCH', body })
    else {
      const fixed = { issuer: text(form, 'issuer').trim(), clientId: text(form, 'clientId').trim() }
      await order('/lti/platforms', { method: 'POST', body: { ...body, ...fixed } })
    }
    toast.done(t(of === undefined ? 'lti.added' : 'lti.changed', { name: oneLine(name) }))
    onDone()
  })
  const deploymentError = [...Array(50).keys()].map((at) => fieldError(`deployments.${at}`)).find(Boolean)
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          {...{ label: t('lti.name'), name: 'name', required: true, maxLength: 64 }}
          defaultValue={of?.name ?? ''}
          error={fieldError('name')}
        />
        {of === undefined && (
          <>
            <Field
              {...{ label: t('lti.issuer'), name: 'issuer', type: 'url', required: true }}
              error={fieldError('issuer')}
            />
            <Field
              {...{ label: t('lti.clientId'), name: 'clientId', required: true, maxLength: 255 }}
              error={fieldError('clientId')}
            />
          </>
        )}
        {urls.map((one) => (
          <Field
            key={one}
            {...{ label: t(`lti.${one}`), name: one, type: 'url', required: true }}
            defaultValue={of?.[one] ?? ''}
            error={fieldError(one)}
          />
        ))}
        <AreaField
          {...{ label: t('lti.deployments'), name: 'deployments', rows: 2, hint: t('lti.deploymentsHint') }}
          defaultValue={of?.deployments.join('\n') ?? ''}
          error={fieldError('deployments') ?? deploymentError}
        />
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t(of === undefined ? 'lti.add' : 'lti.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
