'use client'

import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Dialog, DialogBody, DialogFooter } from '../../components/ui/dialog'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { call } from '../../lib/api'
import { eventType, type Webhook, webhook, webhookWithSecret } from '../../lib/protocol-webhooks'
import { text, useSubmit } from '../../lib/use-submit'

/** Makes a webhook, or changes one. @param onDone with the secret of a new one */
export function WebhookDialog({
  about,
  onClose,
  onDone,
}: {
  about: Webhook | 'new' | null
  onClose: () => void
  onDone: (secret: string | undefined) => void
}) {
  const t = useTranslations()
  const title = t(about === 'new' ? 'webhooks.newTitle' : 'webhooks.editTitle')
  return (
    <Dialog open={about !== null} onOpenChange={(open) => !open && onClose()} title={title}>
      {about !== null && <Form known={about === 'new' ? undefined : about} onDone={onDone} />}
    </Dialog>
  )
}

function Form({
  known,
  onDone,
}: {
  known: Webhook | undefined
  onDone: (secret: string | undefined) => void
}) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    const body = { url: text(form, 'url'), types: form.getAll('types'), ...(name === '' ? {} : { name }) }
    if (known !== undefined) {
      await call(webhook, `/webhooks/${known.id}`, { method: 'PATCH', body })
      return onDone(undefined)
    }
    const made = await call(webhookWithSecret, '/webhooks', { method: 'POST', body })
    onDone(made.secret)
  })
  return (
    <form onSubmit={submit} className="contents">
      <DialogBody>
        {error && <Notice tone="bad">{error.message}</Notice>}
        <Field
          label={t('webhooks.url')}
          hint={t('webhooks.urlHint')}
          name="url"
          type="url"
          required
          maxLength={2048}
          defaultValue={known?.url}
          placeholder="https://hooks.example.org/cloche"
          error={fieldError('url')}
        />
        <Field
          label={t('webhooks.name')}
          hint={t('webhooks.nameHint')}
          name="name"
          maxLength={64}
          defaultValue={known?.name}
          error={fieldError('name')}
        />
        <fieldset className="grid gap-1.5">
          <legend className="mb-1.5 font-medium">{t('webhooks.types')}</legend>
          <p className="text-muted text-xs">{t('webhooks.typesHint')}</p>
          <div className="grid gap-1 sm:grid-cols-2">
            {eventType.options.map((type) => (
              <label key={type} className="flex items-center gap-2 pointer-coarse:py-1.5">
                <input
                  type="checkbox"
                  name="types"
                  value={type}
                  defaultChecked={known?.types.includes(type) ?? false}
                  className="size-4"
                />
                <code className="font-mono text-xs">{type}</code>
              </label>
            ))}
          </div>
        </fieldset>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" look="primary" busy={busy}>
          {t(known === undefined ? 'webhooks.create' : 'webhooks.save')}
        </Button>
      </DialogFooter>
    </form>
  )
}
